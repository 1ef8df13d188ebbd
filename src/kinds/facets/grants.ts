import { groupBy } from '../../core/data.ts'
import { ident, join, type Sql, sql, trusted } from '../../core/sql.ts'
import { present, type Written, type WrittenMap } from './stanza.ts'

/** One privilege of one role, on an object or on one column of it. A role that is null is PUBLIC. */
export interface Grant {
  readonly privilege: string
  readonly role: string | null
  readonly column: string | null
  readonly grantable: boolean
  /** Live only: who granted it, if that was not the owner but somebody with a grant option. */
  readonly by?: string | null
}

interface Grantee {
  readonly role: string
  readonly with_grant_option?: boolean
  readonly columns?: readonly string[]
}

type Privilege =
  | 'select'
  | 'insert'
  | 'update'
  | 'delete'
  | 'truncate'
  | 'references'
  | 'trigger'
  | 'maintain'
  | 'usage'
  | 'create'

/** As a manifest has it: by privilege. */
export type Grants = { readonly [P in Privilege]?: readonly (string | Grantee)[] }

export function declaredGrants(grants: Grants): readonly Grant[] {
  return Object.entries(grants).flatMap(([privilege, grantees = []]) =>
    grantees.flatMap((short): readonly Grant[] => {
      const grantee: Grantee = typeof short === 'string' ? { role: short } : short
      const role = grantee.role === 'public' ? null : grantee.role
      const grantable = grantee.with_grant_option ?? false
      return (grantee.columns ?? [null]).map((column) => ({ privilege, role, column, grantable }))
    }),
  )
}

/** The inverse of {@link declaredGrants}: a name where that says all, and columns together. */
export function writtenGrants(grants: readonly Grant[]): WrittenMap {
  const byPrivilege = groupBy(distinct(grants), ({ privilege }) => privilege)
  const sorted = [...byPrivilege].sort(([left], [right]) => (left < right ? -1 : 1))
  return Object.fromEntries(sorted.map(([privilege, group]) => [privilege, writtenGrantees(group)]))
}

function writtenGrantees(grants: readonly Grant[]): readonly Written[] {
  const byRole = groupBy(grants, ({ role, grantable, column }) =>
    JSON.stringify([role ?? 'public', grantable, column === null]),
  )
  return [...byRole]
    .sort(([left], [right]) => (left < right ? -1 : 1))
    .map(([, group]) => {
      const role = group[0]?.role ?? 'public'
      const columns = group.flatMap(({ column }) => column ?? [])
      const more = present({ with_grant_option: group[0]?.grantable, columns })
      return Object.keys(more).length === 0 ? role : { role, ...more }
    })
}

/** `analyst, lead with grant option, public (id, name)`: equal for equal grants, whatever their order. */
export function grantsText(grants: readonly Grant[]): string {
  const byGrantee = groupBy(distinct(grants), ({ role, grantable, column }) =>
    JSON.stringify([role, grantable, column === null]),
  )
  const texts = Array.from(byGrantee.values(), (group) => {
    const columns = group.flatMap(({ column }) => (column === null ? [] : [ident(column)])).sort()
    const [first] = group
    return `${roleSql(first?.role ?? null)}${columns.length === 0 ? '' : ` (${columns.join(', ')})`}${
      first?.grantable ? ' with grant option' : ''
    }`
  })
  return texts.sort().join(', ')
}

/** Several grantors may have granted the same. */
function distinct(grants: readonly Grant[]): readonly Grant[] {
  const byPlace = new Map<string, Grant>()
  for (const grant of grants) {
    const known = byPlace.get(placeOf(grant))
    byPlace.set(placeOf(grant), { ...grant, grantable: grant.grantable || known?.grantable === true })
  }
  return [...byPlace.values()]
}

/** What a grant is about; another grant of the same place only differs in its grant option. */
export function placeOf({ privilege, role, column }: Grant): string {
  return JSON.stringify([privilege, role, column])
}

/** GRANTs, one for each role and kind of grant. */
export function grantSql(securable: Sql, grants: readonly Grant[]): readonly Sql[] {
  return grouped(grants).map(
    ({ what, role, grantable }) =>
      sql`GRANT ${what} ON ${securable} TO ${role}${grantable ? sql` WITH GRANT OPTION` : sql``}`,
  )
}

/** What it takes to get from grants to others of the same privilege. */
export function regrantSql(securable: Sql, from: readonly Grant[], to: readonly Grant[]): readonly Sql[] {
  const wanted = new Map(to.map((grant) => [placeOf(grant), grant]))
  // What somebody with a grant option has passed on only goes when their option does, and then all of it goes. (REVOKE …
  // CASCADE follows such grants and nothing else.)
  if (from.some(({ by }) => by)) {
    return [...revokes(securable, wholes(from), sql``, sql` CASCADE`), ...grantSql(securable, to)]
  }
  const gone = from.filter((grant) => !wanted.has(placeOf(grant)))
  const demoted = from.filter((grant) => grant.grantable && wanted.get(placeOf(grant))?.grantable === false)
  // REVOKE of a whole takes along what its role has on single columns.
  const stripped = new Set(gone.flatMap(({ role, column }) => (column === null ? [role] : [])))
  const left = new Map(
    from
      .filter((grant) => wanted.has(placeOf(grant)) && !(grant.column !== null && stripped.has(grant.role)))
      .map((grant) => [placeOf(grant), grant]),
  )
  const missing = to.filter((grant) => {
    const present = left.get(placeOf(grant))
    return !present || (grant.grantable && !present.grantable)
  })
  return [
    ...revokes(securable, gone, sql``, sql``),
    ...revokes(securable, demoted, sql`GRANT OPTION FOR `, sql``),
    ...grantSql(securable, missing),
  ]
}

function wholes(grants: readonly Grant[]): readonly Grant[] {
  return grants.map((grant) => ({ ...grant, column: null }))
}

function revokes(securable: Sql, grants: readonly Grant[], what: Sql, behind: Sql): readonly Sql[] {
  return grouped(grants.map((grant) => ({ ...grant, grantable: false }))).map(
    (group) => sql`REVOKE ${what}${group.what} ON ${securable} FROM ${group.role}${behind}`,
  )
}

function grouped(
  grants: readonly Grant[],
): readonly { readonly what: Sql; readonly role: Sql; readonly grantable: boolean }[] {
  const groups = groupBy(distinct(grants), ({ privilege, role, grantable, column }) =>
    JSON.stringify([privilege, role, grantable, column === null]),
  )
  return Array.from(groups.values(), (group) => {
    const [{ privilege, role, grantable } = { privilege: '', role: null, grantable: false }] = group
    const columns = group.flatMap(({ column }) => (column === null ? [] : [ident(column)]))
    const list = columns.length === 0 ? sql`` : sql` (${join(columns, ', ')})`
    return { what: sql`${privilegeSql(privilege)}${list}`, role: roleSql(role), grantable }
  })
}

/** Keywords of PostgreSQL, from the manifest's schema or the catalog: letters and nothing else. */
export function privilegeSql(privilege: string): Sql {
  if (!/^[a-z]+$/.test(privilege)) throw new TypeError(`not a privilege: ${privilege}`)
  return trusted(privilege.toUpperCase())
}

function roleSql(role: string | null): Sql {
  return role === null ? trusted('PUBLIC') : ident(role)
}
