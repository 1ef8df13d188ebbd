// The rule for groups of copies, which have to show one moment of their source: postgres_fdw reads through one connection in one
// snapshot, and has a connection for each user mapping of a server.

import { ident } from './sql.ts'

/** A connection to a source: a server, and the user mapping of the role that reads. */
export interface SourceConnection {
  readonly server: string
  /** Which user mapping it is. Null if there is none, undefined if that is not known. */
  readonly mapping?: string | number | null
}

interface GroupMember {
  readonly title: string
  readonly connections: readonly SourceConnection[]
}

export interface NotOneMoment<Member> {
  /** The first copy that does not fit those before it. */
  readonly member: Member
  readonly reason: string
  readonly hint: string
}

/** Why the copies of a group do not show one moment; undefined if they do, as far as is known. */
export function whyNotOneMoment<Member extends GroupMember>(
  group: string,
  members: readonly Member[],
): NotOneMoment<Member> | undefined {
  const all = members.flatMap((member) => member.connections.map((connection) => ({ ...connection, member })))
  const [first] = all
  const known = all.find(({ mapping }) => mapping !== undefined)
  const other = all.find(
    ({ server, mapping }) => server !== first?.server || (mapping !== undefined && mapping !== known?.mapping),
  )
  if (!first || !other) return undefined
  const before = other.server === first.server ? (known ?? first) : first
  return {
    member: other.member,
    reason: `the group ${JSON.stringify(group)} is not of one moment: ${differenceOf(before, other)}`,
    hint: 'Only reads from one server through one user mapping share a snapshot. Take one of the copies out of the group.',
  }
}

type Read = SourceConnection & { readonly member: GroupMember }

function differenceOf(first: Read, other: Read): string {
  const isSameCopy = first.member === other.member
  if (other.server === first.server) {
    const titles = isSameCopy ? `${first.member.title} reads` : `${first.member.title} and ${other.member.title} read`
    return `${titles} server ${ident(first.server)} by the user mappings of different roles`
  }
  return isSameCopy
    ? `${first.member.title} reads the servers ${ident(first.server)} and ${ident(other.server)}`
    : `${first.member.title} reads server ${ident(first.server)}, and ${other.member.title} reads server ${ident(other.server)}`
}
