import { type ConnectionHealth, type HealthReport, TOPIC, topicName } from '#libs/contracts';
import type { health } from '#libs/domain';
import type { OutgoingEvent } from '#libs/log';

/** The monitor's facts, as events; they go to its own region's `connection-status`. */
export class MonitorFacts {
  private readonly topic: string;
  private readonly source: string;

  constructor(
    private readonly region: string,
    private readonly partitions: number,
  ) {
    this.topic = topicName(region, TOPIC.connectionStatus);
    this.source = `/trunkline/${region}/health-monitor`;
  }

  condition(
    report: HealthReport,
    connection: ConnectionHealth,
    change: { became: string; score: health.Score },
  ): OutgoingEvent {
    const { connection_id, epoch } = connection;
    return {
      topic: this.topic,
      key: connection_id,
      id: `${connection_id}/${epoch}/${change.became}/${report.incarnation}/${report.sequence}`,
      type: `connection-${change.became}`,
      source: this.source,
      data: {
        connection_id,
        home_region: connection.home_region ?? report.control_region,
        epoch,
        health_score: change.score.score,
        terms: change.score.terms,
        ...(connection.unanswered_ratio > 0 && { unanswered_ratio: connection.unanswered_ratio }),
      },
    };
  }

  silent(life: health.Expectation, silentMs: number): OutgoingEvent[] {
    return this.everywhere('agent-silent', life.agent_id, life.incarnation, {
      silent_ms: Math.round(silentMs),
    });
  }

  returned(report: HealthReport): OutgoingEvent[] {
    const { agent_id, incarnation, kind, sequence } = report;
    // One life of a broker may come back more than once.
    const life = kind === 'broker' ? `${incarnation}/${sequence}` : incarnation;
    return this.everywhere('agent-returned', agent_id, incarnation, { kind }, life);
  }

  /** A fact on an agent as a whole: to every partition, since each loop decides for its own connections. */
  private everywhere(
    type: string,
    agentId: string,
    incarnation: string,
    more: object,
    life = incarnation,
  ): OutgoingEvent[] {
    return Array.from({ length: this.partitions }, (_, partition) => ({
      topic: this.topic,
      partition,
      key: agentId,
      id: `${type}/${agentId}/${life}`,
      type,
      source: this.source,
      data: { agent_id: agentId, incarnation, control_region: this.region, ...more },
    }));
  }
}
