// Grants: from a manifest and back, as text, and as the SQL that gets from one set of grants to another.
import { groupBy } from '../../core/data.ts'
import { ident, join, type Sql, sql, trusted } from '../../core/sql.ts'
import { present, type Written, type WrittenMap } from './stanza.ts'

/** One privilege of one role, on an object or on one column of it. A role that is null is PUBLIC. */
export interface Grant {
  readonly privilege: string
  readonly role: string | null
  readonly column: string | null
  readonly grantable: boolean
  /** Live only: the grantor, if that is not the owner but a role with a grant option. */
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

/** In a manifest: by privilege. */
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

/** The inverse of {@link declaredGrants}: just a name where that is enough, and one entry for all columns. */
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

/** `admin with grant option, analyst, PUBLIC (id, name)`: equal for equal grants, whatever their order. */
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

/** Several grantors may have granted the same privilege. */
function distinct(grants: readonly Grant[]): readonly Grant[] {
  const byPlace = new Map<string, Grant>()
  for (const grant of grants) {
    const known = byPlace.get(placeOf(grant))
    byPlace.set(placeOf(grant), { ...grant, grantable: grant.grantable || known?.grantable === true })
  }
  return [...byPlace.values()]
}

/** Equal for grants that differ at most in their grant option and grantor. */
export function placeOf({ privilege, role, column }: Grant): string {
  return JSON.stringify([privilege, role, column])
}

/** One GRANT for each role and privilege. */
export function grantSql(securable: Sql, grants: readonly Grant[]): readonly Sql[] {
  return grouped(grants).map(
    ({ what, role, grantable }) =>
      sql`GRANT ${what} ON ${securable} TO ${role}${grantable ? sql` WITH GRANT OPTION` : sql``}`,
  )
}

/** The statements that turn some grants of a privilege into others. */
export function regrantSql(securable: Sql, from: readonly Grant[], to: readonly Grant[]): readonly Sql[] {
  const wanted = new Map(to.map((grant) => [placeOf(grant), grant]))
  // A grant by another grantor ends only when that role loses its grant option, and then all of its grants end. REVOKE …
  // CASCADE removes those grants and nothing else.
  if (from.some(({ by }) => by)) {
    return [...revokes(securable, onAllColumns(from), sql``, sql` CASCADE`), ...grantSql(securable, to)]
  }
  const gone = from.filter((grant) => !wanted.has(placeOf(grant)))
  const demoted = from.filter((grant) => grant.grantable && wanted.get(placeOf(grant))?.grantable === false)
  // REVOKE on a table also revokes what the role has on single columns.
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

function onAllColumns(grants: readonly Grant[]): readonly Grant[] {
  return grants.map((grant) => ({ ...grant, column: null }))
}

function revokes(securable: Sql, grants: readonly Grant[], prefix: Sql, suffix: Sql): readonly Sql[] {
  return grouped(grants.map((grant) => ({ ...grant, grantable: false }))).map(
    (group) => sql`REVOKE ${prefix}${group.what} ON ${securable} FROM ${group.role}${suffix}`,
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

/** A keyword from the manifest's JSON Schema or from the catalog: nothing but letters. */
export function privilegeSql(privilege: string): Sql {
  if (!/^[a-z]+$/.test(privilege)) throw new TypeError(`not a privilege: ${privilege}`)
  return trusted(privilege.toUpperCase())
}

function roleSql(role: string | null): Sql {
  return role === null ? trusted('PUBLIC') : ident(role)
}
