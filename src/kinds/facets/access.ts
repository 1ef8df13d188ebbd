import type { Change, FieldChange } from '../../core/change.ts'
import type { IdOf } from '../../core/object.ts'
import type { Hazard } from '../../core/plan.ts'
import { ident, join, literal, qualified, type Sql, type Statement, sql, statement, trusted } from '../../core/sql.ts'
import { settle } from './defaults.ts'
import {
  declaredGrants,
  type Grant,
  type Grants,
  grantSql,
  grantsText,
  placeOf,
  privilegeSql,
  regrantSql,
  writtenGrants,
} from './grants.ts'
import type { ColumnRenames } from './renaming.ts'
import { present, type WrittenMap } from './stanza.ts'

/** Who owns an object, and who else may do what with it. */
export interface Access {
  /** Undefined: the manifest doesn't say. Null: back to the default, which is whoever applies. */
  readonly owner?: string | null | undefined
  /** Live only: whether the owner is the role that reads. */
  readonly isOurs?: boolean
  /** All grants but the owner's own. Undefined: the manifest doesn't say. */
  readonly grants?: readonly Grant[] | undefined
  /** Privileges that an owner has by default and that this one has not, in their order. Undefined: the manifest doesn't say. */
  readonly revokedFromOwner?: readonly string[] | undefined
}

/** `object` stands behind ALTER (`FOREIGN TABLE s.t`), `securable` behind GRANT … ON (`TABLE s.t`). */
export interface AccessTarget {
  readonly object: Sql
  readonly securable: Sql
  /** A query for the `grantee`s that a new object has got from ALTER DEFAULT PRIVILEGES, where there is such a thing. */
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

/** The inverse of {@link declaredAccess}. `usual` is what there is without any GRANT, and need not be said. What belongs to who reads belongs to who applies. */
export function writtenAccess(
  { owner, isOurs, grants = [], revokedFromOwner }: Access,
  usual: readonly Grant[] = [],
): WrittenMap {
  return {
    ...present({ owner: isOurs ? undefined : owner }),
    ...(grantsText(grants) === grantsText(usual) ? {} : { grants: writtenGrants(grants) }),
    ...present({ revoked_from_owner: revokedFromOwner }),
  }
}

/** As {@link settle} has it; `usual` is the default. A role that is no longer declared as the owner hands the object back to who applies. */
export function settleAccess(
  wanted: Access,
  last: Access | undefined,
  live: Access | undefined,
  usual: readonly Grant[] = [],
): Access {
  return {
    owner: wanted.owner ?? (typeof last?.owner === 'string' ? null : live?.owner),
    grants: wanted.grants ?? (last?.grants === undefined ? live?.grants : usual),
    revokedFromOwner: settle(wanted.revokedFromOwner, last?.revokedFromOwner, live?.revokedFromOwner, []),
  }
}

/** Without an order the same grants could be read as others, which would make a plan stale. */
const grantOrder = 'a.grantee, a.grantor, a.privilege_type'

/**
 * Columns of a spec in a catalog query: `sort` is the letter that acldefault knows the objects by, `owner` an oid, `acl` an
 * aclitem[]. What is left NULL is the owner's alone.
 */
export function accessColumns(sort: string, owner: string, acl: string, columnGrants = "'[]'::jsonb"): string {
  return `
    'revokedFromOwner', CASE WHEN ${acl} IS NULL THEN '[]' ELSE (
      SELECT coalesce(jsonb_agg(lower(usual.privilege_type) ORDER BY lower(usual.privilege_type)), '[]')
        FROM aclexplode(acldefault('${sort}', ${owner})) usual
       WHERE usual.grantee = ${owner} AND NOT EXISTS (SELECT 1 FROM aclexplode(${acl}) a
             WHERE a.grantee = usual.grantee AND a.privilege_type = usual.privilege_type)) END,
    'owner', pg_get_userbyid(${owner}),
    'isOurs', ${owner} = quote_ident(current_user)::regrole,
    'grants', ${columnGrants} || CASE WHEN ${acl} IS NULL THEN '[]' ELSE (
      SELECT coalesce(jsonb_agg(${grantRow('NULL', owner)} ORDER BY ${grantOrder}), '[]')
        FROM aclexplode(${acl}) a WHERE a.grantee <> ${owner}) END`
}

/** The same for a relation, whose columns have grants of their own; `c` is its row of pg_class. */
export const relationAccessColumns: string = accessColumns(
  'r',
  'c.relowner',
  'c.relacl',
  `(SELECT coalesce(jsonb_agg(${grantRow('granted.attname', 'c.relowner')} ORDER BY granted.attnum, ${grantOrder}), '[]')
      FROM pg_attribute granted, aclexplode(granted.attacl) a
     WHERE granted.attrelid = c.oid AND granted.attnum > 0 AND NOT granted.attisdropped AND granted.attacl IS NOT NULL AND a.grantee <> c.relowner)`,
)

function grantRow(column: string, owner: string): string {
  return `jsonb_build_object('privilege', lower(a.privilege_type), 'column', ${column}, 'grantable', a.is_grantable,
    'role', CASE WHEN a.grantee <> 0 THEN pg_get_userbyid(a.grantee) END,
    'by', CASE WHEN a.grantor <> ${owner} THEN pg_get_userbyid(a.grantor) END)`
}

const relationWords = { foreignTable: 'FOREIGN TABLE', materializedView: 'MATERIALIZED VIEW', view: 'VIEW' } as const

/** Of a foreign table or a view. */
export function relationAccess({ kind, schema, name }: IdOf<keyof typeof relationWords>): AccessTarget {
  const relation = qualified(schema, name)
  return {
    object: sql`${trusted(relationWords[kind])} ${relation}`,
    securable: sql`TABLE ${relation}`,
    defaults: sql`SELECT a.grantee FROM pg_class c, aclexplode(c.relacl) a
    WHERE c.oid = ${literal(relation)}::regclass AND a.grantee <> c.relowner`,
  }
}

/** Without grants on columns that are none of these. */
export function onColumns(access: Access, columns: ReadonlySet<string>): Access {
  return { ...access, grants: access.grants?.filter(({ column }) => column === null || columns.has(column)) }
}

/** Says which columns grants name that are not there. */
export function missingColumns({ grants = [] }: Access, columns: ReadonlySet<string>): string | undefined {
  const names = new Set(grants.flatMap(({ column }) => (column === null || columns.has(column) ? [] : [ident(column)])))
  return names.size === 0 ? undefined : `grants name columns that it does not have: ${[...names].join(', ')}`
}

/** A stand-in belongs to whoever makes it: another owner would need rights on the schema that it stands in. */
export function withoutAccess<Spec extends Access>(spec: Spec): Spec {
  return { ...spec, owner: undefined, grants: undefined, revokedFromOwner: undefined }
}

/** Statements for an object that was just made, and belongs to whoever applies. */
export function newAccess(
  target: AccessTarget,
  { owner, grants, revokedFromOwner = [] }: Access,
): readonly Statement[] {
  // PUBLIC is null as well, and so is an owner that is left open.
  const isOwner = (role: string | null) => typeof owner === 'string' && role === owner
  const reset = target.defaults && [statement(withoutDefaults(target.securable, target.defaults))]
  return [
    ...(typeof owner === 'string' ? [statement(ownerSql(target, owner))] : []),
    ...(grants === undefined ? [] : (reset ?? [])),
    ...privilegesOf(grants ?? []).flatMap((privilege) =>
      grantSql(
        target.securable,
        (grants ?? []).filter((grant) => grant.privilege === privilege && !isOwner(grant.role)),
      ).map(statement),
    ),
    ...(revokedFromOwner.length > 0 ? [statement(ownRevokeSql(target.securable, revokedFromOwner, owner))] : []),
  ]
}

function ownerSql({ object }: AccessTarget, owner: string | null): Sql {
  return sql`ALTER ${object} OWNER TO ${ownerRole(owner)}`
}

/** Declared grants are all that there are: what default privileges have given goes. Whom they name is only known then. */
function withoutDefaults(securable: Sql, defaults: Sql): Sql {
  const revoke = sql`REVOKE ALL ON ${securable} FROM `
  const body = sql`DECLARE role text; BEGIN
  FOR role IN SELECT DISTINCT CASE grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(grantee)) END FROM (${defaults}) g
  LOOP EXECUTE ${literal(revoke)} || role; END LOOP;
END`
  return sql`DO ${literal(body)}`
}

/** Who owns it first: the grants of the old owner become those of the new one. */
export function accessChanges(target: AccessTarget, from: Access, to: Access): readonly FieldChange[] {
  // Handed back it belongs to whoever applies, whose name is not known here, and the old owner is one of the others.
  const owner = to.owner === null && !from.isOurs ? undefined : (to.owner ?? from.owner)
  const ofOthers = ({ grants }: Access) => (grants ?? []).filter(({ role }) => role !== owner)
  return [
    ...ownerChange(target, from, to.owner),
    ...(to.grants === undefined ? [] : grantChanges(target.securable, ofOthers(from), ofOthers(to))),
    ...ownPrivilegeChanges(target.securable, from.revokedFromOwner ?? [], to.revokedFromOwner, owner),
  ]
}

/** An owner keeps the right to grant, to itself too. */
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

/** What is not another role's is that of whoever applies. */
function ownerRole(owner: string | null | undefined): Sql {
  return typeof owner === 'string' ? ident(owner) : trusted('CURRENT_USER')
}

function ownerChange(target: AccessTarget, from: Access, to: string | null | undefined): readonly FieldChange[] {
  if (to === undefined || to === from.owner || (to === null && from.isOurs)) return []
  // What the new owner had been granted would stay among its own privileges, and show up again when it hands the object on.
  const grants = from.grants ?? []
  const had = grants.some(({ role }) => role === to) && !grants.some(({ by }) => by === to)
  const revoke = typeof to === 'string' && had ? sql`REVOKE ALL ON ${target.securable} FROM ${ident(to)};\n` : sql``
  const effect = { how: 'statement', statement: statement(sql`${revoke}${ownerSql(target, to)}`) } as const
  return [{ field: 'owner', from: from.owner ?? undefined, to: to ?? 'who applies', effect }]
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

/** What others may do afterwards that they may not do now. For kinds whose specs have an {@link Access}. */
export function accessHazards(change: Change): readonly Hazard[] {
  if (change.op !== 'create' && change.op !== 'alter' && change.op !== 'replace') return []
  const to = change.to.spec as Access // see above
  const from = change.op === 'create' ? undefined : (change.from.spec as Access)
  const before = new Set((from?.grants ?? []).map(placeOf))
  const owner = to.owner ?? from?.owner
  const wider = (to.grants ?? []).filter((grant) => !before.has(placeOf(grant)) && grant.role !== owner)
  if (wider.length === 0) return []
  const roles = [...new Set(wider.map(({ role }) => role ?? 'everybody'))].sort()
  return [{ name: 'widens-access', detail: `more is granted to ${roles.join(', ')}` }]
}

/** What a new object shows of it. */
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

/** Why a server of that major version can't have it. */
export function accessNeedsNewer({ grants = [], revokedFromOwner = [] }: Access, major: number): string | undefined {
  const privileges = [...grants.map(({ privilege }) => privilege), ...revokedFromOwner]
  return major < 17 && privileges.includes('maintain')
    ? 'the privilege MAINTAIN exists from PostgreSQL 17 on'
    : undefined
}

export function grantsUnder(grants: Access['grants'], renames: ColumnRenames): Access['grants'] {
  return grants?.map((grant) =>
    grant.column === null ? grant : { ...grant, column: renames.get(grant.column) ?? grant.column },
  )
}
