// Who owns an object, and what other roles may do with it. Grants in detail are in grants.ts.
import type { FieldChange } from '../../core/change.ts'
import type { IdOf } from '../../core/object.ts'
import { ident, join, literal, qualified, type Sql, type Statement, sql, statement, trusted } from '../../core/sql.ts'
import { settle } from './defaults.ts'
import {
  declaredGrants,
  type Grant,
  type Grants,
  grantSql,
  grantsText,
  privilegeSql,
  regrantSql,
  writtenGrants,
} from './grants.ts'
import type { ColumnRenames } from './renaming.ts'
import { present, type WrittenMap } from './stanza.ts'

export interface Access {
  /** Undefined: not declared. Null: the default, which is the role that applies. */
  readonly owner?: string | null | undefined
  /** Live only. */
  readonly ownedByCurrentRole?: boolean
  /** Live only: whether anything was granted or revoked. Otherwise the object has the built-in default privileges. */
  readonly hasAcl?: boolean
  /** All grants except those to the owner. Undefined: not declared. */
  readonly grants?: readonly Grant[] | undefined
  /** The default privileges that were revoked from the owner, sorted. Undefined: not declared. */
  readonly revokedFromOwner?: readonly string[] | undefined
}

/** `object` follows ALTER (`FOREIGN TABLE s.t`), `securable` follows GRANT … ON (`TABLE s.t`). */
export interface AccessTarget {
  readonly object: Sql
  readonly securable: Sql
  /**
   * A query for objects that have default privileges: the `owner` of a new one, its `acl`, which is NULL unless ALTER DEFAULT PRIVILEGES
   * applies to it, and the `privileges` that hold.
   */
  readonly defaults?: Sql
}

export function declaredAccess(declared: {
  readonly owner?: string
  readonly grants?: Grants
  readonly revoked_from_owner?: readonly string[]
}): Access {
  return {
    owner: declared.owner,
    grants: declared.grants && declaredGrants(declared.grants),
    revokedFromOwner: declared.revoked_from_owner?.toSorted(),
  }
}

/**
 * The inverse of {@link declaredAccess}. `defaults` are the grants without any GRANT. They are written too if there is an ACL:
 * where new objects have default privileges, one without `grants` would get these. The current role is omitted as owner: whoever
 * applies the manifest owns its objects by default. Not to be put into `present`, which would drop empty grants.
 */
export function writtenAccess(
  { owner, ownedByCurrentRole, hasAcl, grants, revokedFromOwner }: Access,
  defaults: readonly Grant[] = [],
): WrittenMap {
  return {
    ...present({ owner: ownedByCurrentRole ? undefined : owner }),
    ...(grants && (hasAcl || grantsText(grants) !== grantsText(defaults)) ? { grants: writtenGrants(grants) } : {}),
    ...present({ revoked_from_owner: revokedFromOwner }),
  }
}

/** Like {@link settle}. An object whose owner is no longer declared goes to the role that applies. */
export function settleAccess(
  wanted: Access,
  last: Access | undefined,
  live: Access | undefined,
  defaults: readonly Grant[] = [],
): Access {
  return {
    owner: wanted.owner ?? (typeof last?.owner === 'string' ? null : live?.owner),
    grants: wanted.grants ?? (last?.grants === undefined ? live?.grants : defaults),
    revokedFromOwner: settle(wanted.revokedFromOwner, last?.revokedFromOwner, live?.revokedFromOwner, []),
  }
}

const relationWords = {
  foreignTable: 'FOREIGN TABLE',
  materializedView: 'MATERIALIZED VIEW',
  table: 'TABLE',
  view: 'VIEW',
} as const

export function relationAccess({ kind, schema, name }: IdOf<keyof typeof relationWords>): AccessTarget {
  const relation = qualified(schema, name)
  return {
    object: sql`${trusted(relationWords[kind])} ${relation}`,
    securable: sql`TABLE ${relation}`,
    defaults: sql`SELECT c.relowner AS owner, c.relacl AS acl, c.relacl AS privileges FROM pg_catalog.pg_class c WHERE c.oid OPERATOR(pg_catalog.=) ${literal(relation)}::pg_catalog.regclass`,
  }
}

/** The access without grants on other columns. `columnsOf` is called only if there are grants on columns, which is rare. */
export function onColumns(access: Access, columnsOf: () => ReadonlySet<string>): Access {
  if (!access.grants?.some(({ column }) => column !== null)) return access
  const columns = columnsOf()
  return { ...access, grants: access.grants.filter(({ column }) => column === null || columns.has(column)) }
}

/** Reports grants on columns that do not exist. */
export function missingColumns({ grants = [] }: Access, columns: ReadonlySet<string>): string | undefined {
  const names = new Set(grants.flatMap(({ column }) => (column === null || columns.has(column) ? [] : [ident(column)])))
  return names.size === 0 ? undefined : `grants name columns that do not exist: ${[...names].join(', ')}`
}

/** For stand-ins: another owner would need privileges on the scratch schema. */
export function withoutAccess<Spec extends Access>(spec: Spec): Spec {
  return { ...spec, owner: undefined, grants: undefined, revokedFromOwner: undefined }
}

/** The access of a new object, which the role that applies owns. */
export function newAccess(target: AccessTarget, { owner, grants, revokedFromOwner }: Access): readonly Statement[] {
  // A role that is null is PUBLIC, an owner that is null is not.
  const isOwner = (role: string | null) => typeof owner === 'string' && role === owner
  const toOwner = revokedFromOwner && ownerRole(owner)
  const reset = target.defaults && [statement(resetDefaults(target.securable, target.defaults, toOwner))]
  return [
    ...(typeof owner === 'string' ? [statement(ownerSql(target, owner))] : []),
    ...(grants === undefined ? [] : (reset ?? [])),
    ...privilegesOf(grants ?? []).flatMap((privilege) =>
      grantSql(
        target.securable,
        (grants ?? []).filter((grant) => grant.privilege === privilege && !isOwner(grant.role)),
      ).map(statement),
    ),
    ...(revokedFromOwner?.length ? [statement(ownRevokeSql(target.securable, revokedFromOwner, owner))] : []),
  ]
}

function ownerSql({ object }: AccessTarget, owner: string | null): Sql {
  return sql`ALTER ${object} OWNER TO ${ownerRole(owner)}`
}

/**
 * Declared grants are complete, so default privileges are revoked. Their grantees are known only once the object exists. All names are
 * qualified, since it runs under the search_path of the manifest, which may have any schema before pg_catalog.
 * @param owner gets what default privileges have taken from it, if that is known
 */
function resetDefaults(securable: Sql, defaults: Sql, owner: Sql | undefined): Sql {
  const revoke = sql`REVOKE ALL ON ${securable} FROM `
  const giveBack = owner
    ? sql`IF EXISTS (SELECT FROM (${defaults}) d WHERE acl IS NOT NULL) THEN GRANT ALL ON ${securable} TO ${owner}; END IF;\n  `
    : sql``
  const body = sql`DECLARE role pg_catalog.text; BEGIN
  ${giveBack}FOR role IN SELECT DISTINCT CASE WHEN grantee OPERATOR(pg_catalog.=) 0::pg_catalog.oid THEN 'PUBLIC' ELSE pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(grantee)) END
                FROM (${defaults}) d, pg_catalog.aclexplode(privileges) WHERE grantee OPERATOR(pg_catalog.<>) owner
  LOOP EXECUTE pg_catalog.concat(${literal(revoke)}, role); END LOOP;
END`
  return sql`DO ${literal(body)}`
}

/** The owner first: PostgreSQL turns the privileges of the old owner into those of the new one. */
export function accessChanges(target: AccessTarget, from: Access, to: Access): readonly FieldChange[] {
  // The name of the role that applies is unknown here. If it becomes the owner, the old owner may have grants.
  const owner = to.owner === null && !from.ownedByCurrentRole ? undefined : (to.owner ?? from.owner)
  const withoutOwner = ({ grants }: Access) => (grants ?? []).filter(({ role }) => role !== owner)
  return [
    ...ownerChange(target, from, to.owner),
    ...(to.grants === undefined ? [] : grantChanges(target.securable, withoutOwner(from), withoutOwner(to))),
    ...ownPrivilegeChanges(target.securable, from.revokedFromOwner ?? [], to.revokedFromOwner, owner),
  ]
}

/** An owner can always grant itself a privilege again. */
function ownPrivilegeChanges(
  securable: Sql,
  from: readonly string[],
  to: readonly string[] | undefined,
  owner: string | null | undefined,
): readonly FieldChange[] {
  if (to === undefined || from.join() === to.join()) return []
  const revoked = to.filter((privilege) => !from.includes(privilege))
  const back = from.filter((privilege) => !to.includes(privilege))
  const statements = [
    ...(revoked.length > 0 ? [ownRevokeSql(securable, revoked, owner)] : []),
    ...(back.length > 0 ? [sql`GRANT ${privilegesSql(back)} ON ${securable} TO ${ownerRole(owner)}`] : []),
  ]
  const effect = { how: 'statement', statement: statement(join(statements, ';\n')) } as const
  return [{ field: 'revoked from owner', from: from.join(', ') || undefined, to: to.join(', ') || undefined, effect }]
}

function ownRevokeSql(securable: Sql, privileges: readonly string[], owner: string | null | undefined): Sql {
  return sql`REVOKE ${privilegesSql(privileges)} ON ${securable} FROM ${ownerRole(owner)}`
}

function privilegesSql(privileges: readonly string[]): Sql {
  return join(privileges.map(privilegeSql), ', ')
}

/** The owner; if none is declared, the role that applies. */
function ownerRole(owner: string | null | undefined): Sql {
  return typeof owner === 'string' ? ident(owner) : trusted('CURRENT_USER')
}

function ownerChange(target: AccessTarget, from: Access, to: string | null | undefined): readonly FieldChange[] {
  if (to === undefined || to === from.owner || (to === null && from.ownedByCurrentRole)) return []
  // Grants to the new owner would merge into its privileges as owner, and reappear when the owner changes again.
  const grants = from.grants ?? []
  const had = grants.some(({ role }) => role === to) && !grants.some(({ by }) => by === to)
  const revoke = typeof to === 'string' && had ? sql`REVOKE ALL ON ${target.securable} FROM ${ident(to)};\n` : sql``
  const effect = { how: 'statement', statement: statement(sql`${revoke}${ownerSql(target, to)}`) } as const
  return [{ field: 'owner', from: from.owner ?? undefined, to: to ?? 'the applying role', effect }]
}

function grantChanges(securable: Sql, from: readonly Grant[], to: readonly Grant[]): readonly FieldChange[] {
  return privilegesOf([...from, ...to]).flatMap((privilege): readonly FieldChange[] => {
    const before = from.filter((grant) => grant.privilege === privilege)
    const after = to.filter((grant) => grant.privilege === privilege)
    const [was, is] = [grantsText(before), grantsText(after)]
    if (was === is) return []
    const regrant = join(regrantSql(securable, before, after), ';\n')
    const effect = { how: 'statement', statement: statement(regrant) } as const
    return [{ field: `grant ${privilege}`, from: was || undefined, to: is || undefined, effect }]
  })
}

function privilegesOf(grants: readonly Grant[]): readonly string[] {
  return [...new Set(grants.map(({ privilege }) => privilege))].sort()
}

/** The roles that must exist. */
export function rolesOf({ owner, grants = [] }: Access): readonly string[] {
  return [...(typeof owner === 'string' ? [owner] : []), ...grants.flatMap(({ role }) => role ?? [])]
}

/** What a plan shows of a new object's access. */
export function accessDetails({
  owner,
  grants = [],
  revokedFromOwner = [],
}: Access): readonly (readonly [label: string, text: string])[] {
  return [
    ...(typeof owner === 'string' ? [['owner', ident(owner)] as const] : []),
    ...privilegesOf(grants).map((privilege) => {
      const text = grantsText(grants.filter((grant) => grant.privilege === privilege))
      return [`grant ${privilege}`, text] as const
    }),
    ...(revokedFromOwner.length > 0 ? [['revoked from owner', revokedFromOwner.join(', ')] as const] : []),
  ]
}

/** Why a server of that major version does not support it. */
export function accessNeedsNewer({ grants = [], revokedFromOwner = [] }: Access, major: number): string | undefined {
  const privileges = [...grants.map(({ privilege }) => privilege), ...revokedFromOwner]
  return major < 17 && privileges.includes('maintain')
    ? 'the privilege MAINTAIN requires PostgreSQL 17 or later'
    : undefined
}

/** Grants stay with columns that are renamed. */
export function grantsUnder(grants: Access['grants'], renames: ColumnRenames): Access['grants'] {
  return grants?.map((grant) =>
    grant.column === null ? grant : { ...grant, column: renames.get(grant.column) ?? grant.column },
  )
}
