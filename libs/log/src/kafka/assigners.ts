import { AssignerProtocol, type Cluster, type GroupMember, type PartitionAssigner } from 'kafkajs';

const VERSION = 0;

type Assignments = Record<string, Record<string, number[]>>;

function encode(assignments: Assignments) {
  return Object.entries(assignments).map(([memberId, assignment]) => ({
    memberId,
    memberAssignment: AssignerProtocol.MemberAssignment.encode({
      version: VERSION,
      assignment,
      userData: Buffer.alloc(0),
    }),
  }));
}

function assigner(
  name: string,
  assign: (
    members: GroupMember[],
    topics: string[],
    partitionsOf: (topic: string) => number[],
  ) => Assignments,
): PartitionAssigner {
  return ({ cluster }: { cluster: Cluster }) => ({
    name,
    version: VERSION,
    assign: async ({ members, topics }) =>
      encode(
        assign(members, topics, (topic) =>
          cluster.findTopicPartitionMetadata(topic).map((metadata) => metadata.partitionId),
        ),
      ),
    protocol: ({ topics }) => ({
      name,
      metadata: AssignerProtocol.MemberMetadata.encode({
        version: VERSION,
        topics,
        userData: Buffer.alloc(0),
      }),
    }),
  });
}

/**
 * Partition p of every topic goes to the same member, spread evenly; also which member that is depends on
 * p alone, so that topics which come or go later move nothing.
 */
export const coPartitionAssigner = assigner('TrunklineCoPartition', (members, topics, partitionsOf) => {
  const ids = members.map(({ memberId }) => memberId).sort();
  const assignments: Assignments = {};
  for (const topic of topics) {
    for (const partition of partitionsOf(topic)) {
      const member = ids[partition % ids.length];
      if (member === undefined) continue;
      const assignment = assignments[member] ?? {};
      assignments[member] = assignment;
      assignment[topic] = [...(assignment[topic] ?? []), partition];
    }
  }
  // A member without partitions must be told so.
  for (const id of ids) assignments[id] ??= {};
  return assignments;
});

/** For a reader alone in its group: it gets exactly the partitions it asks for. */
export function selfAssigner(wanted: (topic: string) => readonly number[] | undefined): PartitionAssigner {
  return assigner('TrunklineSelf', (members, topics, partitionsOf) => {
    const assignments: Assignments = {};
    const [member] = members;
    if (!member) return assignments;
    assignments[member.memberId] = Object.fromEntries(
      topics.map((topic) => [topic, [...(wanted(topic) ?? partitionsOf(topic))]]),
    );
    return assignments;
  });
}

/** The partitions of a topic that an encoded assignment holds. */
export function partitionsIn(memberAssignment: Buffer, topic: string): number[] {
  return AssignerProtocol.MemberAssignment.decode(memberAssignment)?.assignment[topic] ?? [];
}
