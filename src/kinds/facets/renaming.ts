// How relations and other objects of a schema are renamed and moved.
import { type CopyId, copyOf, type IdOf, isCopyId, type ObjectId } from '../../core/object.ts'
import { ident, qualified, type Sql, type Statement, sql, statement, trusted } from '../../core/sql.ts'
import type { StandInOf } from '../probing.ts'

/** New names by old ones; only those that differ. */
export type ColumnRenames = ReadonlyMap<string, string>

interface RelationId {
  readonly schema: string
  readonly name: string
}

/** `relkind` is the letter in pg_class, `object` follows ALTER: `FOREIGN TABLE`. */
export function relationRenaming(kind: string, relkind: string, object: Sql) {
  return {
    namesQuery: namesQuery(kind, relkind),
    rename: (from: RelationId, to: RelationId) => renamed(object, from, to),
  }
}

function renamed(object: Sql, from: RelationId, to: RelationId): readonly Statement[] {
  return [
    ...(from.name === to.name
      ? []
      : [statement(sql`ALTER ${object} ${qualified(from.schema, from.name)} RENAME TO ${ident(to.name)}`)]),
    ...(from.schema === to.schema
      ? []
      : [statement(sql`ALTER ${object} ${qualified(from.schema, to.name)} SET SCHEMA ${ident(to.schema)}`)]),
  ]
}

/**
 * Moves a successor from its scratch schema to its own. Meanwhile it has the name of the scratch schema: SET SCHEMA fails if the
 * name of its array type is taken, as `_orders` is by a table of that name, while RENAME picks another one then.
 */
export function enterSchema(object: Sql, scratch: string, { schema, name }: RelationId): readonly Statement[] {
  const onTheWay = { schema: scratch, name: scratch }
  return [
    ...renamed(object, { schema: scratch, name }, onTheWay),
    ...renamed(object, onTheWay, { schema, name: scratch }),
    ...renamed(object, { schema, name: scratch }, { schema, name }),
  ]
}

type InSchema = 'type' | 'foreignTable' | 'materializedView' | 'table' | 'index' | 'statistics'

/** A temporary name in the same schema. `object` follows ALTER. */
export function asideInSchema<Kind extends InSchema>(kind: Kind, object: Sql) {
  type Id = RelationId & { readonly kind: Kind }
  return {
    called: ({ schema }: RelationId, name: string): Id => ({ kind, schema, name }),
    rename: (from: RelationId, to: RelationId) => renamed(object, from, to),
  }
}

/** The former name that a stanza declares. */
export function declaredRename(
  id: IdOf<'server' | 'foreignTable' | 'materializedView' | 'table' | 'index'>,
  { renamed_from: old }: { readonly renamed_from?: string },
): { readonly renamedFrom?: ObjectId } {
  return old === undefined ? {} : { renamedFrom: { ...id, name: old } }
}

function namesQuery(kind: string, relkind: string): Sql {
  return trusted(`
    SELECT c.oid, jsonb_build_object('kind', '${kind}', 'schema', n.nspname, 'name', c.relname) AS id
      FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE c.oid = ANY ($1::oid[]) AND c.relkind = '${relkind}'`)
}

/** The spec of an index or statistics, with another name for its copy. */
export function withCopyNames<Spec extends { readonly on: CopyId }>(spec: Spec, nameOf: StandInOf): Spec {
  const on = nameOf(copyOf(spec.on))
  return isCopyId(on) ? { ...spec, on } : spec
}

/** The spec also names the index that its copy is clustered on, which may be this one. */
function withIndexNames<Spec extends { readonly on: CopyId; readonly clusterOn?: string | null | undefined }>(
  spec: Spec,
  nameOf: StandInOf,
): Spec {
  const { clusterOn } = spec
  const marked = clusterOn ? nameOf({ kind: 'index', schema: spec.on.schema, name: clusterOn }) : undefined
  const named = marked?.kind === 'index' ? { ...spec, clusterOn: marked.name } : spec
  return withCopyNames(named, nameOf)
}

/** An index is always in the schema of its relation, and cannot be moved by itself. */
export const indexRenaming = {
  namesQuery: namesQuery('index', 'i'),
  rename: (from: RelationId, to: RelationId): readonly Statement[] => [
    statement(sql`ALTER INDEX ${qualified(to.schema, from.name)} RENAME TO ${ident(to.name)}`),
  ],
  withNames: withIndexNames,
}

export const typeRenaming = {
  namesQuery: trusted(`
    SELECT t.oid, jsonb_build_object('kind', 'type', 'schema', n.nspname, 'name', t.typname) AS id
      FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace LEFT JOIN pg_class c ON c.oid = t.typrelid
     WHERE t.oid = ANY ($1::oid[]) AND (t.typtype IN ('e', 'd', 'r') OR c.relkind = 'c')`),
  rename: (from: RelationId, to: RelationId) => renamed(sql`TYPE`, from, to),
}

/** Statistics do not move to another schema with their relation. */
export const statisticsRenaming = {
  namesQuery: trusted(`
    SELECT s.oid, jsonb_build_object('kind', 'statistics', 'schema', n.nspname, 'name', s.stxname) AS id
      FROM pg_statistic_ext s JOIN pg_namespace n ON n.oid = s.stxnamespace
     WHERE s.oid = ANY ($1::oid[])`),
  rename: (from: RelationId, to: RelationId) => renamed(sql`STATISTICS`, from, to),
  withNames: withCopyNames,
}
