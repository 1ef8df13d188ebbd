// The parents of a foreign table: how they are declared, read, linked and unlinked.
import type { FieldChange } from '../../core/change.ts'
import { type ObjectId, relationKey } from '../../core/object.ts'
import { fragment, join, type Parts, type Sql, type Statement, sql, statement, trusted } from '../../core/sql.ts'
import type { Manifest } from '../../manifest/manifest.ts'
import { nameOf, type ObjectName, objectName } from '../facets/names.ts'
import { present, type Written, type WrittenMap } from '../facets/stanza.ts'

/** The tables that a foreign table inherits from, or the partitioned one that it is a partition of. */
export interface Parents {
  readonly inherits: readonly ObjectName[]
  readonly partitionOf: PartitionOf | null
}

export interface PartitionOf {
  readonly parent: ObjectName
  /** `FOR VALUES …` or `DEFAULT`. */
  readonly bound: string
}

type DeclaredName = string | { readonly schema: string; readonly name: string }

interface DeclaredParents {
  readonly inherits?: readonly DeclaredName[]
  readonly partition_of?: { readonly table: DeclaredName; readonly for_values?: string; readonly default?: boolean }
}

export const noParents: Parents = { inherits: [], partitionOf: null }

export function hasParents({ inherits, partitionOf }: Parents): boolean {
  return inherits.length > 0 || partitionOf !== null
}

/** A name without a schema is resolved to a foreign table that the manifest declares in its search path, if possible. */
export function declaredParents(
  { inherits, partition_of: partition }: DeclaredParents,
  manifest: Manifest,
): Partial<Parents> {
  const nameIn = (declared: DeclaredName): ObjectName => {
    const name = objectName(declared)
    if (name.schema !== null) return name
    const declares = (schema: string) => Object.hasOwn(manifest.schemas?.[schema]?.foreign_tables ?? {}, name.name)
    return { ...name, schema: (manifest.search_path ?? ['public']).find(declares) ?? null }
  }
  return {
    ...(inherits && { inherits: inherits.map(nameIn) }),
    ...(partition && {
      partitionOf: {
        parent: nameIn(partition.table),
        bound: partition.for_values === undefined ? 'DEFAULT' : `FOR VALUES ${partition.for_values}`,
      },
    }),
  }
}

/** A spec omits them where it has none. */
export function parentsIn({ inherits, partitionOf }: Partial<Parents>): Parents {
  return { inherits: inherits ?? [], partitionOf: partitionOf ?? null }
}

export function writtenParents({ inherits, partitionOf }: Parents): WrittenMap {
  const written = ({ schema, name }: ObjectName): Written => (schema === null ? name : { schema, name })
  return present({
    inherits: inherits.map(written),
    partition_of: partitionOf
      ? {
          table: written(partitionOf.parent),
          ...(partitionOf.bound === 'DEFAULT'
            ? { default: true }
            : { for_values: partitionOf.bound.replace(/^FOR VALUES /, '') }),
        }
      : undefined,
  })
}

export function parentsOf({ inherits, partitionOf }: Parents): readonly ObjectName[] {
  return partitionOf ? [partitionOf.parent] : inherits
}

/** The parents as ids. Whether they are foreign tables is not known. */
export function parentIds(parents: Parents): readonly (ObjectId & { kind: 'foreignTable' })[] {
  return parentsOf(parents).flatMap(({ schema, name }) =>
    schema === null ? [] : [{ kind: 'foreignTable' as const, schema, name }],
  )
}

export function sameParent(left: ObjectName, right: ObjectName): boolean {
  return relationKey(left.schema ?? '', left.name) === relationKey(right.schema ?? '', right.name)
}

/** The parents that stay: only through them can change what is inherited from them. */
export function keptParents(from: Parents, to: Parents): readonly ObjectName[] {
  if ((from.partitionOf === null) !== (to.partitionOf === null)) return []
  if (from.partitionOf?.bound !== to.partitionOf?.bound) return []
  return parentsOf(from).filter((parent) => parentsOf(to).some((other) => sameParent(parent, other)))
}

export function boundText({ parent, bound }: PartitionOf): string {
  return `${nameOf(parent)} ${bound}`
}

/**
 * A link is removed before all other changes, by statements of its own ({@link unlinkParents}): until then nothing inherited
 * can be changed. A link is added last, when the table fits.
 */
export function parentChanges(table: Sql, from: Parents, to: Parents, declared: Parents): readonly FieldChange[] {
  const isIn = (parent: ObjectName, parents: readonly ObjectName[]) => parents.some((one) => sameParent(one, parent))
  return [
    ...partitionChange(table, from.partitionOf, to.partitionOf, declared.partitionOf),
    ...from.inherits
      .filter((parent) => !isIn(parent, to.inherits))
      .map((parent) => inheritChange('inherits', nameOf(parent), undefined, [sql`NO INHERIT ${nameOf(parent)}`])),
    ...to.inherits
      .filter((parent) => !isIn(parent, from.inherits))
      .map((parent) => inheritChange('inherits', undefined, nameOf(parent), [sql`INHERIT ${nameOf(parent)}`])),
  ]
}

function inheritChange(field: string, from: string | undefined, to: string | undefined, clause: Parts): FieldChange {
  return { field, from, to, effect: { how: 'clause', clause } }
}

function partitionChange(
  table: Sql,
  from: PartitionOf | null,
  to: PartitionOf | null,
  declared: PartitionOf | null,
): readonly FieldChange[] {
  const [before, after] = [from && boundText(from), to && boundText(to)]
  if (before === after) return []
  const change = { field: 'partition of', from: before ?? undefined, to: after ?? undefined }
  if (!to) return [{ ...change, effect: { how: 'clause', clause: [] } }]
  return [
    { ...change, effect: { how: 'statement', statement: attach(table, { ...to, bound: (declared ?? to).bound }) } },
  ]
}

function attach(table: Sql, { parent, bound }: PartitionOf): Statement {
  return statement(sql`ALTER TABLE ${nameOf(parent)} ATTACH PARTITION ${table} ${fragment(bound)}`)
}

/** Links a table that was created without parents. */
export function linkParents(table: Sql, { inherits, partitionOf }: Parents): readonly Statement[] {
  return [
    ...inherits.map((parent) => statement(sql`ALTER FOREIGN TABLE ${table} INHERIT ${nameOf(parent)}`)),
    ...(partitionOf ? [attach(table, partitionOf)] : []),
  ]
}

/** Whether {@link unlinkParents} applies this change. */
export function isUnlinked({ field, to }: FieldChange): boolean {
  return field === 'inherits' && to === undefined
}

export function unlinkParents(table: Sql, fields: readonly FieldChange[], from: Parents): readonly Statement[] {
  const left = fields.filter(isUnlinked).flatMap(({ from: parent }) => {
    const name = from.inherits.find((one) => nameOf(one) === parent)
    return name ? [sql`NO INHERIT ${nameOf(name)}`] : []
  })
  const isDetached = from.partitionOf !== null && fields.some(({ field }) => field === 'partition of')
  return [
    ...(left.length > 0 ? [statement(sql`ALTER FOREIGN TABLE ${table} ${join(left, ', ')}`)] : []),
    ...(isDetached && from.partitionOf
      ? [statement(sql`ALTER TABLE ${nameOf(from.partitionOf.parent)} DETACH PARTITION ${table}`)]
      : []),
  ]
}

export function inheritsClause(inherits: readonly ObjectName[]): Sql {
  return inherits.length === 0 ? sql`` : sql` INHERITS (${join(inherits.map(nameOf), ', ')})`
}

// The parents of a stand-in are copies whose comment is the name of the real parent: see parent-stand-ins.ts.
const realName = (oid: string) => `
  (SELECT CASE WHEN pn.nspname = current_setting('fdwsync.scratch_schema', true) THEN obj_description(p.oid, 'pg_class')::jsonb
               ELSE jsonb_build_object('schema', pn.nspname, 'name', p.relname) END
     FROM pg_class p JOIN pg_namespace pn ON pn.oid = p.relnamespace WHERE p.oid = ${oid})`

/** The OID of the real parent. */
export function realParent(oid: string): string {
  return `(SELECT to_regclass(format('%I.%I', real ->> 'schema', real ->> 'name'))::oid FROM (SELECT ${realName(oid)} AS real) AS parent)`
}

/** Attributes of the relation `c` in a catalog query. */
export const parentsColumns = `
  'inherits', (SELECT coalesce(jsonb_agg(${realName('inhparent')} ORDER BY inhseqno), '[]')
                 FROM pg_inherits WHERE inhrelid = c.oid AND NOT c.relispartition),
  'partitionOf', (SELECT jsonb_build_object('parent', ${realName('inhparent')},
                                            'bound', pg_get_expr(c.relpartbound, c.oid))
                    FROM pg_inherits WHERE inhrelid = c.oid AND c.relispartition)`

/** The parents that the column `a` is inherited from. */
export const columnParents = `
  'isLocal', a.attislocal, 'inheritedFrom', CASE WHEN a.attinhcount > 0 THEN
     (SELECT jsonb_agg(${realName('inhparent')})
        FROM pg_inherits JOIN pg_attribute pa ON pa.attrelid = inhparent AND pa.attname = a.attname
       WHERE inhrelid = a.attrelid) ELSE '[]' END,
  'parents', CASE WHEN a.attinhcount > 0 THEN
     (SELECT jsonb_build_object('notNull', bool_or(pa.attnotnull), 'value', min(pg_get_expr(pd.adbin, pd.adrelid)))
        FROM pg_inherits JOIN pg_attribute pa ON pa.attrelid = inhparent AND pa.attname = a.attname
        LEFT JOIN pg_attrdef pd ON pd.adrelid = pa.attrelid AND pd.adnum = pa.attnum
       WHERE inhrelid = a.attrelid) END`

/** The parents that the check `k` is inherited from. */
export const checkParents = `
  'inheritedFrom', CASE WHEN k.coninhcount > 0 THEN
     (SELECT jsonb_agg(${realName('inhparent')})
        FROM pg_inherits JOIN pg_constraint pk ON pk.conrelid = inhparent AND pk.conname = k.conname
       WHERE inhrelid = k.conrelid AND pk.contype = 'c' AND NOT pk.connoinherit) ELSE '[]' END`

/** The parents of relation `c` that are foreign tables, for `needs`. */
export const parentNeeds = trusted(`
  (SELECT coalesce(jsonb_agg(jsonb_build_object('kind', 'foreignTable', 'schema', pn.nspname, 'name', p.relname)), '[]')
     FROM pg_inherits JOIN pg_class p ON p.oid = inhparent JOIN pg_namespace pn ON pn.oid = p.relnamespace
    WHERE inhrelid = c.oid AND p.relkind = 'f')`)
