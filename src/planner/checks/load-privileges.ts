// Finds copies that cannot be loaded, or refreshed once they have another owner, because their owner lacks a privilege. Loads run as the owner.

import type { Change, LiveState, WantedObject } from '../../core/change.ts'
import { type CopyId, isCopyId, type Key, keyOf, namespaceOf, type ObjectId } from '../../core/object.ts'
import type { Warning } from '../../core/plan.ts'
import { ident, trusted } from '../../core/sql.ts'
import { inReadOnlyTransaction } from '../../introspector/transaction-settings.ts'
import type { Access } from '../../kinds/facets/access.ts'
import { refreshedConcurrently } from '../../kinds/index/concurrently.ts'
import { titleOf } from '../../kinds/registry.ts'
import { asKind } from '../../kinds/specs.ts'
import type { ChangeSet } from '../change-set.ts'
import type { PlanContext } from '../context.ts'
import { strategyOf } from './refresh-strategy.ts'

/** A privilege that a load needs. */
interface Need {
  readonly privilege: 'SELECT' | 'INSERT' | 'USAGE' | 'TEMPORARY'
  /** The name in SQL, after the kind: `p.orders`. */
  readonly on: string
  /** The name in a sentence: `foreign table p.orders`. */
  readonly title: string
  /** The roles that have the privilege once the plan is applied. Null: those that have it now. */
  readonly holders: readonly string[] | null
  /** Whether ALTER DEFAULT PRIVILEGES could add more roles. */
  readonly hasDefaults: boolean
  /** Set if the privilege was revoked from the owner of the object: from whom, and what else was. */
  readonly revoked?: { readonly from: string; readonly others: readonly string[] }
}

interface NeedOfCopy extends Need {
  readonly copy: ObjectId
  readonly owner: string
  readonly purpose: Purpose
}

/** What fails without the privilege. Only loads are part of the plan. */
type Purpose = 'loaded' | 'refreshed' | 'refreshed concurrently'

// A superuser has the privileges of all roles.
const lackedQuery = trusted(`
  SELECT "at" FROM jsonb_to_recordset($1) AS t("at" int, owner text, privilege text, "on" text, holders text[], "hasDefaults" bool)
    JOIN pg_roles o ON o.rolname = t.owner
   WHERE CASE WHEN holders IS NOT NULL THEN
                NOT EXISTS (SELECT FROM pg_roles r WHERE pg_has_role(o.oid, r.oid, 'USAGE')
                   AND r.rolname = ANY (holders || CASE privilege WHEN 'INSERT' THEN 'pg_write_all_data' ELSE 'pg_read_all_data' END))
                AND NOT ("hasDefaults" AND EXISTS (SELECT FROM pg_default_acl))
              WHEN privilege = 'USAGE' THEN NOT coalesce(has_schema_privilege(o.oid, to_regnamespace("on"), 'USAGE'), true)
              ELSE NOT has_database_privilege(o.oid, current_database(), 'TEMPORARY') END
   ORDER BY "at"`)

export async function lackedForLoads(
  { session, options }: PlanContext,
  { comparison, impact: { changes } }: ChangeSet,
): Promise<readonly Warning[]> {
  if (!options.trySources || !options.populate) return []
  const { wanted } = comparison.probed
  const indexed = new Set(Array.from(wanted.values(), refreshedConcurrently))
  const concurrently = new Set(
    [...wanted].flatMap(([key, { id }]) =>
      indexed.has(key) && isCopyId(id) && ['auto', 'concurrently'].includes(strategyOf(id, wanted)) ? [key] : [],
    ),
  )
  const context = { wanted, live: comparison.live, user: session.user, concurrently }
  const needs = changes.flatMap((change) => needsOf(change, context, session.database))
  if (needs.length === 0) return []
  const given = JSON.stringify(needs.map((need, at) => ({ ...need, at })))
  const lacked = await inReadOnlyTransaction(session, () => session.query<{ at: number }>(lackedQuery, [given]))
  return lacked.flatMap(({ at }) => {
    const need = needs[at]
    return need ? [warningOf(need)] : []
  })
}

interface Context {
  readonly wanted: ChangeSet['comparison']['probed']['wanted']
  readonly live: LiveState
  readonly user: string
  /** The copies that refreshes may refresh with CONCURRENTLY, if they are materialized views. */
  readonly concurrently: ReadonlySet<Key>
}

function needsOf(change: Change, context: Context, database: string): readonly NeedOfCopy[] {
  if (!isOfCopy(change)) return []
  const isLoaded = change.op !== 'alter' || change.fields.some(({ effect }) => effect.how === 'populate')
  if (!isLoaded && !change.fields.some(({ field }) => field === 'owner')) return []
  const { id } = change.to
  const { owner, populated } = asKind(change.to, 'materializedView', 'table')?.spec ?? {}
  if (!populated) return []
  const purpose: Purpose = isLoaded ? 'loaded' : 'refreshed'
  const isUser = typeof owner !== 'string' || owner === context.user
  // The plan itself reads as its user. What a user revoked from itself, it would still lack.
  const reading = needsOfReading(change.to, context).filter(({ revoked }) => !isUser || revoked?.from === context.user)
  const schema = isUser ? [] : onSchema(id.schema, context)
  const writing = [...schema.filter(({ title }) => reading.every((need) => need.title !== title)), onDatabase(database)]
  const whyWriting: Purpose = id.kind === 'table' ? purpose : 'refreshed concurrently'
  const writes = id.kind === 'table' || context.concurrently.has(change.key)
  const copy = { copy: id, owner: isUser ? context.user : owner }
  return [
    ...[...reading, ...onItself(change.to, copy.owner)].map((need) => ({ ...need, ...copy, purpose })),
    ...(writes ? writing.map((need) => ({ ...need, ...copy, purpose: whyWriting })) : []),
  ]
}

function needsOfReading({ needs }: WantedObject, context: Context): readonly Need[] {
  const read = needs.flatMap((need) => {
    const relation = context.wanted.get(need)
    return relation && (relation.id.kind === 'foreignTable' || isCopyId(relation.id)) ? [relation] : []
  })
  const schemas = new Set(read.flatMap(({ id }) => namespaceOf(id) ?? []))
  return [
    ...read.flatMap((relation) => onRelation(relation, context.user)),
    ...[...schemas].flatMap((schema) => onSchema(schema, context)),
  ]
}

/** What was revoked from the owner of a table. Loading a materialized view needs no privileges on it. */
function onItself(copy: WantedObject, owner: string): readonly Need[] {
  const access = asKind(copy, 'table')?.spec
  const needs = access ? (['SELECT', 'INSERT'] as const).flatMap((each) => granted(each, copy.id, access, owner)) : []
  return needs.filter(({ revoked }) => revoked?.from === owner)
}

function isOfCopy(
  change: Change,
): change is Extract<Change, { op: 'create' | 'alter' | 'replace' }> & { readonly to: { readonly id: CopyId } } {
  return (change.op === 'create' || change.op === 'alter' || change.op === 'replace') && isCopyId(change.to.id)
}

function onRelation(relation: WantedObject, user: string): readonly Need[] {
  const access = asKind(relation, 'foreignTable', 'materializedView', 'table')?.spec
  return access ? granted('SELECT', relation.id, access, user) : []
}

function onSchema(name: string, { wanted, live, user }: Context): readonly Need[] {
  const id = { kind: 'schema', name } as const
  const declared = asKind(wanted.get(keyOf(id)), 'schema')?.spec
  return declared && (declared.grants || !live.has(keyOf(id)))
    ? granted('USAGE', id, declared, user)
    : [{ privilege: 'USAGE', on: ident(name), title: titleOf(id), holders: null, hasDefaults: false }]
}

function granted(
  privilege: 'SELECT' | 'INSERT' | 'USAGE',
  id: ObjectId,
  { owner, grants, revokedFromOwner = [] }: Access,
  user: string,
): readonly Need[] {
  const given = (grants ?? []).filter((grant) => grant.privilege === privilege.toLowerCase())
  if (given.some(({ role }) => role === null)) return []
  const from = owner ?? user
  const others = revokedFromOwner.filter((each) => each !== privilege.toLowerCase())
  const isRevoked = others.length < revokedFromOwner.length
  const holders = [...(isRevoked ? [] : [from]), ...given.flatMap(({ role }) => role ?? [])]
  const revoked = isRevoked ? { revoked: { from, others } } : {}
  return [{ privilege, on: '', title: titleOf(id), holders, hasDefaults: grants === undefined, ...revoked }]
}

/** The privilege to create temporary tables, which loads of tables and concurrent refreshes use. */
function onDatabase(name: string): Need {
  return {
    privilege: 'TEMPORARY',
    on: ident(name),
    title: `database ${ident(name)}`,
    holders: null,
    hasDefaults: false,
  }
}

function warningOf(need: NeedOfCopy): Warning {
  const { copy, owner, purpose, privilege, title } = need
  return {
    code: 'server/missing-privilege',
    key: keyOf(copy),
    title: titleOf(copy),
    message: `${titleOf(copy)}: it cannot be ${purpose}: its owner ${ident(owner)} needs ${privilege} on ${title}`,
    hint: hintFor(need),
    ...(purpose === 'loaded' ? { refusesApply: true } : {}),
  }
}

function hintFor({ owner, privilege, on, holders, revoked }: NeedOfCopy): string {
  if (revoked?.from === owner) return `It was revoked. Declare that: revoked_from_owner: [${revoked.others.join(', ')}]`
  if (holders) return `Declare that: grants: { ${privilege.toLowerCase()}: [${JSON.stringify(owner)}] }`
  return `GRANT ${privilege} ON ${privilege === 'TEMPORARY' ? 'DATABASE' : 'SCHEMA'} ${on} TO ${ident(owner)};`
}
