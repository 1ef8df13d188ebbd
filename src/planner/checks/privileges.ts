// Refuses what the role that plans may not do, although the probe succeeds: alter objects of other owners, create objects in a
// schema, or give an object to another role. An apply by this role would fail.

import type { Change, FieldChange, LiveState } from '../../core/change.ts'
import { type Key, keyOf, namespaceOf } from '../../core/object.ts'
import type { Refusal } from '../../core/plan.ts'
import { sourceSchema } from '../../core/reserved-schemas.ts'
import { trusted } from '../../core/sql.ts'
import type { Session } from '../../db/session.ts'
import { isOnlineReplacement, parentOfChange } from '../../differ/changes.ts'
import { inReadOnlyTransaction } from '../../introspector/transaction-settings.ts'
import type { Access } from '../../kinds/facets/access.ts'
import { kindOf, titleOf } from '../../kinds/registry.ts'
import { asKind } from '../../kinds/specs.ts'
import type { Comparison } from '../comparison.ts'
import { explainShortcoming, type Shortcomings } from './missing-privileges.ts'

type Altering = Exclude<Change, { op: 'adopt' | 'release' }>

/** What a change requires of this role, and of the new owner. */
interface Requirement {
  /** The position of the change. */
  readonly at: number
  /** The live object that must belong to this role: the changed one, or the parent of a new child. */
  readonly object: { readonly catalog: string; readonly oid: number } | null
  readonly isDrop: boolean
  readonly schema: string | null
  /** The roles that may create objects in the schema once this plan has created or altered it. */
  readonly creators: readonly string[] | null
  /** Whether the object gets a new name in that schema, because it is created, renamed or moved. */
  readonly isNewInSchema: boolean
  /** Whether its source view gets a new name in the schema of source views. */
  readonly isNewInSourceSchema: boolean
  /** The new owner. Null: the owner does not change. */
  readonly owner: string | null
  /**
   * Whether that owner must be able to create the object in its schema. Replacements are built where every role may create them.
   */
  readonly ownerCreates: boolean
  /** The foreign-data wrapper that the new owner must be able to use. */
  readonly wrapper: string | null
}

// A superuser may do all of that. A role that cannot write to the ledger only plans, so nothing is refused to it. Since PostgreSQL
// 16, ALTER … OWNER TO requires the SET option of the membership in the new owner. Other statements, such as grants, require the
// INHERIT option.
const shortcomingsQuery = trusted(`
  WITH applier AS (
    SELECT oid FROM pg_roles WHERE rolname = current_user AND NOT rolsuper
       AND NOT EXISTS (SELECT FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
                        WHERE n.nspname = 'fdwsync' AND c.relname = 'object' AND NOT has_table_privilege(c.oid, 'INSERT'))
  ), required AS (
    SELECT t.*, n.oid AS namespace, n.nspowner, o.oid AS new_owner,
           CASE object ->> 'catalog'
             WHEN 'pg_class' THEN (SELECT relowner FROM pg_class c WHERE c.oid = (object ->> 'oid')::oid)
             WHEN 'pg_type' THEN (SELECT typowner FROM pg_type y WHERE y.oid = (object ->> 'oid')::oid)
             WHEN 'pg_namespace' THEN (SELECT nspowner FROM pg_namespace s WHERE s.oid = (object ->> 'oid')::oid)
             WHEN 'pg_extension' THEN (SELECT extowner FROM pg_extension x WHERE x.oid = (object ->> 'oid')::oid)
             WHEN 'pg_foreign_server' THEN (SELECT srvowner FROM pg_foreign_server s WHERE s.oid = (object ->> 'oid')::oid)
             WHEN 'pg_statistic_ext' THEN (SELECT stxowner FROM pg_statistic_ext s WHERE s.oid = (object ->> 'oid')::oid)
           END AS live_owner
      FROM jsonb_to_recordset($1) AS t("at" int, object jsonb, "isDrop" bool, schema text, creators text[], "isNewInSchema" bool,
                                       "isNewInSourceSchema" bool, owner text, "ownerCreates" bool, wrapper text)
      LEFT JOIN pg_namespace n ON n.nspname = t.schema
      LEFT JOIN pg_roles o ON o.rolname = t.owner
  ), known AS (
    SELECT "at",
           CASE WHEN NOT pg_has_role(live_owner, 'USAGE') AND NOT ("isDrop" AND coalesce(pg_has_role(nspowner, 'USAGE'), false))
                THEN pg_get_userbyid(live_owner) END AS "otherOwner",
           NOT "isNewInSchema" OR ${mayCreate('applier.oid')} AS "mayCreate",
           NOT "isNewInSourceSchema" OR coalesce(has_schema_privilege(to_regnamespace('${sourceSchema}'), 'CREATE'), true) AS "mayCreateSourceView",
           (SELECT pg_get_userbyid(nspowner) FROM pg_namespace WHERE nspname = 'fdwsync') AS "ledgerOwner",
           new_owner IS NULL OR pg_has_role(new_owner, 'USAGE')
             AND CASE WHEN current_setting('server_version_num')::int < 160000 THEN true ELSE pg_has_role(new_owner, 'SET') END AS "maySetOwner",
           coalesce(pg_has_role(new_owner, 'MEMBER'), false) AS "isMemberOfOwner",
           NOT "ownerCreates" OR new_owner IS NULL OR ${mayCreate('new_owner')} AS "ownerMayCreate",
           coalesce((SELECT has_foreign_data_wrapper_privilege(new_owner, w.oid, 'USAGE') FROM pg_foreign_data_wrapper w WHERE fdwname = wrapper),
                    true) AS "ownerMayUseWrapper"
      FROM required, applier
  )
  SELECT *, current_user::text AS user, (SELECT rolinherit FROM pg_roles WHERE rolname = current_user) AS inherits FROM known
   WHERE "otherOwner" IS NOT NULL OR NOT ("mayCreate" AND "mayCreateSourceView" AND "maySetOwner" AND "ownerMayCreate" AND "ownerMayUseWrapper")
   ORDER BY "at"`)

function mayCreate(role: string): string {
  return `CASE WHEN creators IS NULL THEN coalesce(has_schema_privilege(${role}, namespace, 'CREATE'), true)
                ELSE EXISTS (SELECT FROM pg_roles r WHERE r.rolname = ANY (creators) AND pg_has_role(${role}, r.oid, 'USAGE')) END`
}

/** Refuses the changes that PostgreSQL would refuse to this role. */
export async function refuseWithoutPrivilege(
  session: Session,
  { live }: Comparison,
  changes: readonly Change[],
): Promise<readonly Refusal[]> {
  const altering = changes.filter((change) => change.op !== 'adopt' && change.op !== 'release')
  const byKey = new Map(changes.map((change) => [change.key, change]))
  const required = altering.flatMap((change, at) =>
    isRefused(change) ? [requirementOf(change, at, { live, byKey, user: session.user })] : [],
  )
  if (required.length === 0) return []
  const rows = await inReadOnlyTransaction(session, () =>
    session.query<Shortcomings & { readonly at: number }>(shortcomingsQuery, [JSON.stringify(required)]),
  )
  return rows.flatMap((row) => {
    const change = altering[row.at]
    return change ? [refusalOf(change, row, session.serverVersion, byKey)] : []
  })
}

function refusalOf(change: Altering, row: Shortcomings, serverVersion: number, byKey: Context['byKey']): Refusal {
  const { id } = change.op === 'drop' ? change.from : change.to
  const schema = namespaceOf(id) ?? ''
  const ofSchema = byKey.get(keyOf({ kind: 'schema', name: schema }))
  const refused = {
    isNew: change.op === 'create',
    schema,
    isSchemaPlanned: ofSchema?.op === 'create' || ofSchema?.op === 'alter',
    owner: newOwnerOf(change) ?? '',
    wrapper: wrapperOf(change) ?? '',
    serverVersion,
  }
  return { code: 'server/missing-privilege', key: change.key, title: titleOf(id), ...explainShortcoming(refused, row) }
}

/**
 * Whether an unmanaged view can be recreated has been decided earlier. An object under a temporary name has been altered already,
 * so this role may drop it.
 */
function isRefused(change: Altering): boolean {
  const isUnmanaged = change.op === 'replace' && change.isUnmanaged
  return !isUnmanaged && !(change.op === 'drop' && change.renamedAsideFor)
}

interface Context {
  readonly live: LiveState
  readonly byKey: ReadonlyMap<Key, Change>
  readonly user: string
}

function requirementOf(change: Altering, at: number, context: Context): Requirement {
  const { id } = change.op === 'drop' ? change.from : change.to
  const schema = namespaceOf(id) ?? null
  const isCreated = change.op === 'create' || change.op === 'replace'
  const owner = newOwnerOf(change)
  return {
    at,
    object: objectOf(change, context),
    isDrop: change.op === 'drop',
    schema,
    creators: schema === null ? null : creatorsIn(schema, context),
    isNewInSchema: schema !== null && (isCreated || movesIn(change, schema)),
    isNewInSourceSchema: id.kind === 'table' && (isCreated || changesSourceView(change)),
    owner,
    ownerCreates: owner !== null && schema !== null && !isOnlineReplacement(change),
    wrapper: owner === null ? null : wrapperOf(change),
  }
}

/** PostgreSQL requires CREATE on the schema to rename anything in it except types. */
function movesIn(change: Altering, schema: string): boolean {
  if (change.op !== 'alter' || !change.from.renamedFrom) return false
  return change.to.id.kind !== 'type' || namespaceOf(change.from.renamedFrom) !== schema
}

/** Whether a table is renamed, given to another owner, or adopted, which changes its source view too. */
function changesSourceView(change: Altering): boolean {
  if (change.op !== 'alter') return false
  return change.from.renamedFrom !== undefined || change.fields.some(({ field }) => sourceViewFields.has(field))
}

const sourceViewFields: ReadonlySet<string> = new Set(['owner of the query', 'query'])

/** Undefined if the change does not require ownership: grants are possible with a grant option, and loads with other privileges. */
function objectOf(change: Altering, { live, user }: Context): Requirement['object'] {
  if (change.op === 'alter' && change.fields.every(needsNoOwner)) return null
  const { id } = change.op === 'drop' ? change.from : change.to
  if (id.kind === 'userMapping' && id.role === user) return null
  const before = change.op === 'create' ? undefined : change.from
  const [ownedWith] = id.kind === 'userMapping' ? (kindOf(id).belongsTo?.ownersOf(id) ?? []) : []
  const key = ownedWith ?? (before ? undefined : parentOfChange(change))
  const object = key === undefined ? before : live.get(key)
  return object ? { catalog: object.catalog, oid: object.oid } : null
}

function needsNoOwner({ field, effect }: FieldChange): boolean {
  return effect.how === 'populate' || field.startsWith('grant ')
}

function newOwnerOf(change: Altering): string | null {
  if (change.op === 'drop') return null
  const { owner } = change.to.spec as Access // kinds without access have no owner
  if (change.op !== 'alter' || change.fields.some(({ field }) => field === 'owner')) return owner ?? null
  // The source view of a table gets the owner of the table, whether that is declared or not.
  return change.fields.find(({ field }) => field === 'owner of the query')?.to ?? null
}

function wrapperOf(change: Altering): string | null {
  return change.op === 'drop' ? null : (asKind(change.to, 'server')?.spec.wrapper ?? null)
}

/** The roles with CREATE on a schema that the plan creates or alters. Null: those that have it now. */
function creatorsIn(schema: string, { byKey, user }: Context): readonly string[] | null {
  const change = byKey.get(keyOf({ kind: 'schema', name: schema }))
  if (change?.op !== 'create' && change?.op !== 'alter') return null
  const { owner, grants = [] } = asKind(change.to, 'schema')?.spec ?? {}
  const granted = grants.filter(({ privilege }) => privilege === 'create')
  return granted.some(({ role }) => role === null)
    ? null
    : [owner ?? user, ...granted.flatMap(({ role }) => role ?? [])]
}
