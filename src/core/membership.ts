// The statement that lets a role act as another one, with its privileges.

import { ident } from './sql.ts'

/** Since PostgreSQL 16 a membership has options of its own. Before, a role inherits from all roles, or from none. */
export const hasMembershipOptions = (serverVersion: number): boolean => serverVersion >= 160_000

export function grantMembership(role: string, member: string, serverVersion: number): string {
  const grant = `GRANT ${ident(role)} TO ${ident(member)}`
  return hasMembershipOptions(serverVersion) ? `${grant} WITH INHERIT TRUE, SET TRUE;` : `${grant};`
}

/** The same for a role of which it is not known whether it inherits. */
export function grantInheritedMembership(role: string, member: string, serverVersion: number): string {
  const grant = grantMembership(role, member, serverVersion)
  return hasMembershipOptions(serverVersion)
    ? grant
    : `${grant} If that role is NOINHERIT: ALTER ROLE ${ident(member)} INHERIT;`
}
