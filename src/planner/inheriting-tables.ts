// Tables that no manifest declares and that inherit from a foreign table which a plan alters: PostgreSQL changes their columns too.

import type { Change, FieldChange, LiveState } from '../core/change.ts'
import { groupBy } from '../core/data.ts'
import type { Key } from '../core/object.ts'
import type { Hazard, Refusal } from '../core/plan.ts'
import { someOf } from '../core/some-of.ts'
import { ident, trusted } from '../core/sql.ts'
import type { Session } from '../db/session.ts'
import { inReadOnlyTransaction } from '../introspector/transaction-settings.ts'
import { kindOf, titleOf } from '../kinds/registry.ts'

export interface InheritingTables {
  readonly hazards: ReadonlyMap<Key, readonly Hazard[]>
  readonly refusals: readonly Refusal[]
}

interface TypedColumn {
  readonly name: string
  readonly type: string
}

/** The alterations of a table that PostgreSQL repeats on its children. */
interface Inherited {
  readonly key: Key
  readonly title: string
  readonly oid: number
  readonly added: readonly TypedColumn[]
  /** The renamed columns, by their names in the database. */
  readonly renamed: readonly string[]
  /** The columns with new types, by their names in the database. */
  readonly retyped: readonly TypedColumn[]
}

interface Child {
  readonly key: Key
  /** `table x.orders` */
  readonly title: string
  readonly isManaged: boolean
  /** Its owner, if this role lacks the privileges of that owner. */
  readonly otherOwner: string | null
  /** An added column that it has with another type. */
  readonly clashing: string | null
  /** A changed column that it also inherits from a table that does not change. */
  readonly shared: string | null
  /** A column whose values PostgreSQL cannot cast to the new type. */
  readonly uncastable: string | null
  readonly detach: string
}

const childrenQuery = trusted(`
  WITH RECURSIVE altered AS (
    SELECT * FROM jsonb_to_recordset($1) AS t(key text, oid oid, added jsonb, renamed text[], retyped jsonb)
  ), link(key, parent, child) AS (
    SELECT key, oid, inhrelid FROM altered JOIN pg_inherits ON inhparent = oid
    UNION
    SELECT key, child, inhrelid FROM link JOIN pg_inherits ON inhparent = child
  ), child AS (
    SELECT key, child AS oid, count(*) AS parents, min(parent) AS parent FROM link GROUP BY key, child
  )
  SELECT key, format('%s %s', CASE relkind WHEN 'f' THEN 'foreign table' ELSE 'table' END, c.oid::regclass) AS title,
         c.oid = ANY ($2::oid[]) AS "isManaged",
         CASE WHEN NOT pg_has_role(relowner, 'USAGE') THEN pg_get_userbyid(relowner) END AS "otherOwner",
         (SELECT min(attname) FROM jsonb_to_recordset(added) AS new(name text, type text)
            JOIN pg_attribute ON attrelid = c.oid AND attname = new.name AND format_type(atttypid, atttypmod) <> new.type) AS clashing,
         (SELECT min(attname) FROM pg_attribute WHERE attrelid = c.oid AND attinhcount > parents
             AND (attname = ANY (renamed) OR attname IN (SELECT name FROM jsonb_to_recordset(retyped) AS new(name text)))) AS shared,
         (SELECT min(attname) FROM jsonb_to_recordset(retyped) AS new(name text, type text)
            JOIN pg_attribute ON attrelid = c.oid AND attname = new.name
            JOIN pg_type was ON was.oid = atttypid JOIN pg_type will ON will.oid = to_regtype(new.type)
           WHERE relkind <> 'f' AND was.oid <> will.oid AND was.typtype IN ('b', 'e') AND will.typtype IN ('b', 'e') AND will.typcategory NOT IN ('S', 'A')
             AND NOT EXISTS (SELECT FROM pg_cast WHERE (castsource, casttarget) = (was.oid, will.oid) AND castcontext <> 'e')) AS uncastable,
         format('ALTER TABLE %s NO INHERIT %s;', c.oid::regclass, parent::regclass) AS detach
    FROM child JOIN altered USING (key) JOIN pg_class c ON c.oid = child.oid
   ORDER BY key, title`)

export async function examineInheriting(
  session: Session,
  changes: readonly Change[],
  live: LiveState,
): Promise<InheritingTables> {
  const inherited = changes.flatMap(inheritedFrom)
  if (inherited.length === 0) return { hazards: new Map(), refusals: [] }
  const managed = Array.from(live.values(), ({ oid }) => oid)
  const children = await inReadOnlyTransaction(session, () =>
    session.query<Child>(childrenQuery, [JSON.stringify(inherited), managed]),
  )
  const childrenOf = groupBy(children, ({ key }) => key)
  return {
    hazards: new Map(inherited.map(({ key }) => [key, hazardsOf(childrenOf.get(key) ?? [])])),
    refusals: inherited.flatMap((table) => refusalsOf(table, childrenOf.get(table.key) ?? [], session.user)),
  }
}

/** Only columns, their types and NOT NULL, and checks are inherited. All other statements affect the table alone. */
function inheritedFrom(change: Change): readonly Inherited[] {
  if (change.op !== 'alter' || change.to.id.kind !== 'foreignTable') return []
  const { key, from, to, fields } = change
  const altered = new Set(fields.map(({ field }) => field))
  const before = columnsOf(from)
  const columns = Array.from(columnsOf(to), ([name, type]) => ({ name, type }))
  const added = columns.filter(({ name }) => !before.has(name) && altered.has(`column ${name}`))
  const names = [...(from.renamedColumns ?? [])]
  const renamed = names.flatMap(([now, name]) => (altered.has(`column ${name} name`) ? [now] : []))
  const nameNow = new Map(names.map(([now, name]) => [name, now]))
  const retyped = columns
    .filter(({ name }) => before.has(name) && altered.has(`column ${name} type`))
    .map(({ name, type }) => ({ name: nameNow.get(name) ?? name, type }))
  if (added.length + renamed.length + retyped.length === 0 && !fields.some(isInherited)) return []
  return [{ key, title: titleOf(to.id), oid: from.oid, added, renamed, retyped }]
}

function isInherited({ field, effect, dropsColumn }: FieldChange): boolean {
  return dropsColumn || (effect.how === 'clause' && (field.startsWith('check ') || field.endsWith(' not null')))
}

function columnsOf({ id, spec }: { readonly id: Parameters<typeof kindOf>[0]; readonly spec: unknown }) {
  return kindOf(id).columns?.(spec) ?? new Map<string, string>()
}

function hazardsOf(children: readonly Child[]): readonly Hazard[] {
  const titles = children.flatMap(({ isManaged, title }) => (isManaged ? [] : [title]))
  if (titles.length === 0) return []
  const verb = titles.length === 1 ? 'inherits' : 'inherit'
  const detail = `also alters ${someOf(titles, 5)}, which ${verb} from it (not declared)`
  return [{ name: 'rebuilds-dependents', detail }]
}

function refusalsOf({ key, title }: Inherited, children: readonly Child[], user: string): readonly Refusal[] {
  return children.flatMap((child): readonly Refusal[] => {
    const why = whyRefused(child, user)
    if (!why) return []
    const { reason, hint } = why
    return [{ code: 'dependents/unmanaged-object', key, title, reason, hint: `${hint}${child.detach}` }]
  })
}

function whyRefused({ title, isManaged, otherOwner, clashing, shared, uncastable }: Child, user: string) {
  if (otherOwner !== null) {
    const reason = `${title}, which inherits from it and would be altered too, is owned by ${ident(otherOwner)}, and ${ident(user)} does not have the privileges of that role`
    return { reason, hint: 'Apply as a role that does. Or end the inheritance: ' }
  }
  if (isManaged) return undefined
  if (clashing !== null) {
    const reason = `${title}, which inherits from it, has a column ${ident(clashing)} of another type`
    return { reason, hint: 'Rename that column, or end the inheritance: ' }
  }
  if (uncastable !== null) {
    const reason = `column ${ident(uncastable)} of ${title}, which inherits from it, cannot be cast to the new type`
    return {
      reason,
      hint: 'End the inheritance, and alter that column yourself: ',
    }
  }
  if (shared === null) return undefined
  const reason = `${title} inherits the column ${ident(shared)} from another table too, which would not be altered`
  return { reason, hint: 'End the inheritance first: ' }
}
