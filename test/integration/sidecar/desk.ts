import { randomUUID } from 'node:crypto';
import { type SidecarCommandName, TOPIC, topicName } from '#libs/contracts';
import { KafkaLog, type ReceivedEvent } from '#libs/log';
import type { Stack } from '../../support/stack.ts';
import { waitFor } from '../../support/wait-for.ts';

/** The link that client-sidecar-1 asks for. */
export const LINK = 'bank-client-1:primary';

type Data = Record<string, unknown>;

/** Commands the sidecars of a stack through Kafka, in place of a controller. */
export class Desk {
  private readonly seen: ReceivedEvent[] = [];

  private constructor(
    private readonly stack: Stack,
    private readonly log: KafkaLog,
  ) {}

  static async of(stack: Stack, ends: (ending: () => unknown) => void): Promise<Desk> {
    const log = new KafkaLog({ brokers: stack.kafkaBrokers.split(','), clientId: 'test' });
    ends(() => log.close());
    const desk = new Desk(stack, log);
    const { bank, scheme } = stack.regions;
    await log.tail({
      topics: [bank, scheme].flatMap((region) =>
        [TOPIC.connectionStatus, TOPIC.healthReports].map((base) => topicName(region, base)),
      ),
      from: 'earliest',
      onBatch: async ({ records }) => {
        for (const record of records) if (record.readable) desk.seen.push(record);
      },
    });
    return desk;
  }

  /** All that an agent said under a name, oldest first. */
  all(name: string, agentId: string): Data[] {
    return this.seen
      .filter((event) => event.name === name)
      .map(({ data }) => data as Data)
      .filter((data) => data.agent_id === agentId);
  }

  /** The latest that an agent said under a name, once it is as wanted. */
  said(name: string, agentId: string, isIt: (data: Data) => boolean = () => true): Promise<Data> {
    return waitFor(() => this.all(name, agentId).findLast(isIt), {
      what: `${name} of ${agentId}`,
    });
  }

  /** Gives an agent's present life a command; the answer, with its own name as `answer`. */
  async command(name: SidecarCommandName, agentId: string, epoch: number, members: object): Promise<Data> {
    const report = await this.said('health-report', agentId);
    const commandId = randomUUID();
    await this.log.publish([
      {
        topic: topicName(this.stack.regions.bank, TOPIC.failoverCommands),
        key: agentId,
        id: randomUUID(),
        type: name,
        source: '/test',
        data: {
          command_id: commandId,
          agent_id: agentId,
          incarnation: report.incarnation,
          connection_id: LINK,
          epoch,
          decision_id: 'd-1',
          home_region: this.stack.regions.bank,
          expires_at: new Date(Date.now() + 3_000).toISOString(),
          ...members,
        },
      },
    ]);
    return waitFor(() => this.answerTo(commandId), { what: `the answer to ${name}` });
  }

  /** Gives the link to a client and a server, as both commands of a placement do. */
  async place(
    name: 'connect' | 'activate-dr-client',
    clientId: string,
    serverId: string,
    epoch: number,
    members: object = {},
  ): Promise<Data[]> {
    const { address } = await this.said('health-report', serverId);
    return Promise.all([
      this.command('accept-client', serverId, epoch, { client_id: clientId }),
      this.command(name, clientId, epoch, { server_id: serverId, address, ...members }),
    ]);
  }

  private answerTo(commandId: string): Data | undefined {
    const event = this.seen.find(
      ({ name, data }) => name.startsWith('command-') && (data as Data).command_id === commandId,
    );
    return event === undefined ? undefined : { answer: event.name, ...(event.data as Data) };
  }
}
