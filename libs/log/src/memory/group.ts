/** What the group tells one of its members. */
export interface GroupMember {
  readonly client: string;
  readonly topics: readonly string[];
  /** The partitions it has from now on; the same numbers of each of its topics. */
  assigned(partitions: readonly number[]): void;
}

/** A consumer group: partition p of every topic to the same member, moved when members come and go. */
export class MemoryGroup {
  private readonly members: GroupMember[] = [];
  private assignments = new Map<GroupMember, readonly number[]>();

  constructor(private readonly partitions: number) {}

  join(member: GroupMember): void {
    this.members.push(member);
    this.rebalance();
  }

  leave(member: GroupMember): void {
    const at = this.members.indexOf(member);
    if (at < 0) return;
    this.members.splice(at, 1);
    this.rebalance();
  }

  has(member: GroupMember, partition: number): boolean {
    return this.assignments.get(member)?.includes(partition) ?? false;
  }

  membersOf(client: string): GroupMember[] {
    return this.members.filter((member) => member.client === client);
  }

  private rebalance(): void {
    const before = this.assignments;
    this.assignments = new Map(
      this.members.map((member, index) => [
        member,
        Array.from({ length: this.partitions }, (_, partition) => partition).filter(
          (partition) => partition % this.members.length === index,
        ),
      ]),
    );
    for (const member of this.members) {
      const partitions = this.assignments.get(member) ?? [];
      if (`${before.get(member)}` !== `${partitions}` || !before.has(member)) member.assigned(partitions);
    }
  }
}
