// Copies that cannot be loaded, since their owner has no SELECT on a declared relation that they read: the load runs as the owner.

import type { Change } from '../core/change.ts'
import { isCopyId, type Key, keyOf } from '../core/object.ts'
import type { Warning } from '../core/plan.ts'
import { ident, trusted } from '../core/sql.ts'
import { inReadOnlyTransaction } from '../introspector/transaction-settings.ts'
import type { Access } from '../kinds/facets/access.ts'
import type { CopySpec } from '../kinds/facets/copy/copy.ts'
import { titleOf } from '../kinds/registry.ts'
import type { ChangeSet } from './change-set.ts'
import type { PlanContext } from './context.ts'

interface Read {
  readonly copy: Key
  readonly copyTitle: string
  /** The owner of the copy. */
  readonly owner: string
  readonly relation: string
  /** The roles that may read the relation once the plan is applied. */
  readonly readers: readonly string[]
  /** Whether ALTER DEFAULT PRIVILEGES could add others. */
  readonly hasDefaults: boolean
}

// A superuser has the privileges of all roles.
const forbiddenQuery = trusted(`
  SELECT "at" FROM jsonb_to_recordset($1) AS t("at" int, owner text, readers text[], "hasDefaults" bool)
    JOIN pg_roles o ON o.rolname = t.owner
   WHERE NOT EXISTS (SELECT FROM pg_roles r WHERE r.rolname = ANY (readers || '{pg_read_all_data}') AND pg_has_role(o.oid, r.oid, 'USAGE'))
     AND NOT ("hasDefaults" AND EXISTS (SELECT FROM pg_default_acl))
   ORDER BY "at"`)

export async function unreadableRelations(
  { session, options }: PlanContext,
  { comparison, impact: { changes } }: ChangeSet,
): Promise<readonly Warning[]> {
  if (!options.trySources || !options.populate) return []
  const reads = changes.flatMap((change) => readsOf(change, comparison, session.user))
  if (reads.length === 0) return []
  const given = JSON.stringify(
    reads.map(({ owner, readers, hasDefaults }, at) => ({ at, owner, readers, hasDefaults })),
  )
  const forbidden = await inReadOnlyTransaction(session, () => session.query<{ at: number }>(forbiddenQuery, [given]))
  return forbidden.flatMap(({ at }) => {
    const read = reads[at]
    return read ? [warningOf(read)] : []
  })
}

/** Of a copy that is loaded as another role than the one that applies. */
function readsOf(change: Change, { probed: { wanted } }: ChangeSet['comparison'], user: string): readonly Read[] {
  if (!isLoaded(change)) return []
  const { id, spec, needs } = change.to
  const { owner, populated } = spec as CopySpec // a copy
  if (!populated || typeof owner !== 'string' || owner === user) return []
  return needs.flatMap((need): readonly Read[] => {
    const relation = wanted.get(need)
    if (!relation || !(relation.id.kind === 'foreignTable' || isCopyId(relation.id))) return []
    const access = relation.spec as Access // relations have access
    const grants = (access.grants ?? []).filter(({ privilege }) => privilege === 'select')
    if (grants.some(({ role }) => role === null)) return []
    return [
      {
        copy: keyOf(id),
        copyTitle: titleOf(id),
        owner,
        relation: titleOf(relation.id),
        readers: [access.owner ?? user, ...grants.flatMap(({ role }) => role ?? [])],
        hasDefaults: access.grants === undefined,
      },
    ]
  })
}

function isLoaded(change: Change): change is Extract<Change, { op: 'create' | 'alter' | 'replace' }> {
  if (change.op !== 'create' && change.op !== 'alter' && change.op !== 'replace') return false
  const hasLoad = change.op !== 'alter' || change.fields.some(({ effect }) => effect.how === 'populate')
  return isCopyId(change.to.id) && hasLoad
}

function warningOf({ copy, copyTitle, owner, relation }: Read): Warning {
  return {
    code: 'server/missing-privilege',
    key: copy,
    title: copyTitle,
    message: `${copyTitle}: it cannot be loaded: its owner ${ident(owner)} needs SELECT on ${relation}`,
    hint: `Declare that: grants: { select: [${JSON.stringify(owner)}] }`,
    refusesApply: true,
  }
}
