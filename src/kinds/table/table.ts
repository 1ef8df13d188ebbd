// Tables that hold what their query returns. Unlike a materialized view, such a table is in every dump with its data. The query
// is in a plain view: see source-view.ts.

import { type IdOf, keyOf, type Relation } from '../../core/object.ts'
import { sourceSchema } from '../../core/reserved-schemas.ts'
import { ident, join, literal, qualified, type Statement, sql, statement, trusted } from '../../core/sql.ts'
import { tableMark } from '../../core/table-mark.ts'
import { declaredPrimaryKey } from '../../manifest/primary-key.ts'
import { accessDetails } from '../facets/access.ts'
import { alterStatements, clausesOf } from '../facets/changes.ts'
import { expandViewColumns } from '../facets/columns/abbreviated.ts'
import { commentDetails } from '../facets/comment.ts'
import { isRenameOfColumns, renameColumns } from '../facets/copy/column-renames.ts'
import { columnTypes, namesClause } from '../facets/copy/columns.ts'
import {
  columnsDeclared,
  copyMembers,
  copyPreconditions,
  copyProbe,
  declaredCopy,
  newCopyComment,
  newCopySettings,
  settleCopy,
  storageClauses,
  successorSettings,
  writtenCopy,
} from '../facets/copy/copy.ts'
import { renamesIn } from '../facets/copy/query.ts'
import {
  createSourceView,
  markLoaded,
  renameSourceView,
  sourceViewOf,
  sourceViewOid,
  standInViewOf,
} from '../facets/copy/source-view.ts'
import { asideInSchema, declaredRename, enterSchema, relationRenaming } from '../facets/renaming.ts'
import { present } from '../facets/stanza.ts'
import { isUserSchema, notOfAnExtension } from '../facets/user-objects.ts'
import type { DeclaredKind } from '../kind.ts'
import { ownSourceView } from './adopt.ts'
import { alterColumns } from './alter-columns.ts'
import { asOwner, runDeferred } from './as-owner.ts'
import { tableCatalog } from './catalog.ts'
import { underNames } from './column-names.ts'
import { compareTables, objectsOf } from './compare.ts'
import { tableHazards } from './hazards.ts'
import { addPrimaryKey, keyText, newConstraints, writtenPrimaryKey } from './primary-key.ts'
import type { TableSpec } from './spec.ts'

type Id = IdOf<'table'>

const word = sql`TABLE`
const { how, wanted, matchLive, standIn } = copyProbe<Id, TableSpec>('table', (id) => objectsOf(id, standInViewOf(id)))

export const table: DeclaredKind<'table', TableSpec> = {
  kind: 'table',
  rank: 5,
  locks: { create: 6, drop: 10 },
  catalog: 'pg_class',
  dropPolicy: 'owned',
  title: (id) => `table ${qualified(id.schema, id.name)}`,

  probe: {
    how,
    wanted,
    matchLive,
    standIn(object, scratch) {
      const { id, spec } = standIn(object, scratch)
      // Several stand-ins share a schema, where two keys cannot have the same name.
      const primaryKey = spec.primaryKey && { ...spec.primaryKey, name: `${scratch.name}_pkey` }
      return { id, spec: { ...spec, primaryKey, isStandIn: true } }
    },
  },

  declare: (manifest) =>
    Object.entries(manifest.schemas ?? {}).flatMap(([schema, { tables }]) =>
      Object.entries(tables ?? {}).map(([name, declared]) => {
        const primaryKey = declaredPrimaryKey(name, declared.primary_key)
        return {
          id: { kind: 'table', schema, name } satisfies Id,
          spec: {
            ...declaredCopy(declared),
            primaryKey,
            notNull: (declared.not_null ?? []).filter((column) => !primaryKey?.columns.includes(column)).toSorted(),
            unlogged: declared.unlogged ?? false,
            ...(declared.adopt ? { adopt: true } : {}),
          } satisfies TableSpec,
          needs: [keyOf({ kind: 'schema', name: schema }), keyOf({ kind: 'schema', name: sourceSchema })],
          ...declaredRename({ kind: 'table', schema, name } as const, declared),
          path: ['schemas', schema, 'tables', name],
        }
      }),
    ),

  write(id, spec) {
    const { query, ...rest } = writtenCopy(spec)
    return {
      path: ['schemas', id.schema, 'tables', id.name],
      value: {
        ...(query === undefined ? {} : { query }),
        ...present({
          primary_key: writtenPrimaryKey(id.name, spec.primaryKey),
          not_null: spec.notNull,
          unlogged: spec.unlogged,
        }),
        ...rest,
      },
      notes: spec.primaryKey?.isInvalid ? ['the index of its primary key is not valid; apply rebuilds it'] : [],
    }
  },

  listQuery: trusted(`
    SELECT jsonb_build_object('kind', 'table', 'schema', n.nspname, 'name', c.relname) AS id
      FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE c.relkind = 'r' AND ${sourceViewOid()} IS NOT NULL AND ${isUserSchema('n.nspname')} AND ${notOfAnExtension('pg_class', 'c.oid')}`),

  catalogQuery: tableCatalog,
  expand: (read) => ({ ...read, columns: expandViewColumns(read.columns) }),
  hasRowType: true,
  readsLocked: true,

  adoption: { isAsked: ({ adopt }) => adopt === true, isUnmanaged: (live) => live.isUnmanaged === true },

  settle: settleCopy,
  compare: compareTables,

  create: (id, spec) => [...createTable(id, spec), ...newCopySettings(id, word, spec)],
  alter(id, fields) {
    const alter = sql`ALTER TABLE ${qualified(id.schema, id.name)} `
    // The clauses use the new names of columns.
    const [renames, others] = [fields.filter(isRenameOfColumns), fields.filter((field) => !isRenameOfColumns(field))]
    return [...alterStatements(alter, [], renames), ...alterStatements(alter, clausesOf(others), others)]
  },
  // A foreign table loses a column only once no query uses it.
  unlink: (id, fields) =>
    fields.some(({ renewsQuery }) => renewsQuery) ? [statement(sql`DROP VIEW ${sourceName(id)}`)] : [],
  drop: (id) => [
    statement(sql`DROP TABLE ${qualified(id.schema, id.name)}`),
    // IF EXISTS, since a DROP … CASCADE of what it read may have dropped it.
    statement(sql`DROP VIEW IF EXISTS ${sourceName(id)}`),
  ],
  aside: { ...asideInSchema('table', word), rename: renameTable },
  renaming: {
    ...relationRenaming('table', 'r', word),
    rename: renameTable,
    // Only of the table: where its query is renamed along with it, that is an alteration.
    renameColumns: (id, renames) => renameColumns([sql`TABLE ${qualified(id.schema, id.name)}`], [], renames),
    withColumns: underNames,
    columnsRenamedByHand: ({ formerNames }) => new Map(Object.entries(formerNames ?? {})),
    alteredColumnNames: renamesIn,
  },
  ...copyMembers,
  columns: (spec) => columnTypes(spec.columns),
  keyName: (spec) => spec.primaryKey?.name,
  data: {
    isPopulated: (spec) => spec.populated,
    populate: (id, spec) => [...loadTable(id, spec), statement(sql`ANALYZE ${qualified(id.schema, id.name)}`)],
  },

  replacement: {
    onlyIfUsed: false,
    inScratch: true,
    whyNotAttached: (catalog, { unlogged }) =>
      unlogged && catalog === 'pg_publication_rel' ? 'no publication can have an unlogged table' : undefined,
    alterInstead: (id, live, to) => alterColumns(id, live, to, (afterwards) => compareTables(id, afterwards, to)),
    build: (id, spec, scratch, wantedSpec) => [
      ...createTable({ ...id, schema: scratch }, { ...spec, primaryKey: null }),
      ...successorSettings({ ...id, schema: scratch }, word, spec, wantedSpec),
    ],
    load: (id, scratch, spec) => loadTable({ ...id, schema: scratch }, spec),
    complete: (id, scratch, { primaryKey }) =>
      primaryKey ? [statement(sql`ALTER TABLE ${qualified(scratch, id.name)} ${addPrimaryKey(primaryKey)}`)] : [],
    swap: (id, scratch) => ({
      out: table.drop(id),
      in: [...enterSchema(word, scratch, id), renameSourceView({ ...id, schema: scratch }, id)],
    }),
  },

  hazards: tableHazards,
  display: {
    details: (spec) => [
      ['query', spec.query],
      ...(spec.primaryKey ? [['key', keyText(spec.primaryKey) ?? ''] as const] : []),
      ...(spec.notNull.length > 0 ? [['not null', spec.notNull.map(ident).join(', ')] as const] : []),
      ...(spec.unlogged ? [['unlogged', 'its data is lost in a crash, and in no physical copy'] as const] : []),
      ...commentDetails(spec),
      ...accessDetails(spec),
    ],
  },
  preconditions: copyPreconditions,
}

function sourceName(id: Relation) {
  const view = sourceViewOf(id)
  return qualified(view.schema, view.name)
}

function createTable(id: Id, spec: TableSpec): readonly Statement[] {
  const name = qualified(id.schema, id.name)
  const view = spec.isStandIn ? standInViewOf(id) : sourceViewOf(id)
  const viewName = qualified(view.schema, view.name)
  const unlogged = spec.unlogged ? sql`UNLOGGED ` : sql``
  const constraints = newConstraints(spec)
  return [
    ...createSourceView(view, namesClause(columnsDeclared(spec)), spec.query),
    statement(
      sql`CREATE ${unlogged}TABLE ${name} (LIKE ${viewName})${storageClauses(spec.isStandIn ? spec : withMark(spec))}`,
    ),
    ...(constraints.length === 0 ? [] : [statement(sql`ALTER TABLE ${name} ${join(constraints, ', ')}`)]),
    ...newCopyComment(id, word, spec),
    ...(spec.isStandIn ? [] : ownSourceView(view, id.schema, spec.owner)),
  ]
}

function withMark(spec: TableSpec): TableSpec {
  return { ...spec, with: { ...spec.with, [tableMark.name]: tableMark.value } }
}

/**
 * Replaces the rows of a table. Until COMMIT, readers see the old ones. A table without a declared owner belongs to the role that
 * applies.
 *
 * Where there are no rows, nothing is deleted: if a publication has the table (FOR ALL TABLES), PostgreSQL refuses any DELETE from a
 * table without a primary key, and a replacement gets its key after the load.
 */
function loadTable(id: Id, { owner }: TableSpec): readonly Statement[] {
  const name = qualified(id.schema, id.name)
  const rows = sql`IF EXISTS (SELECT FROM ONLY ${name}) THEN DELETE FROM ONLY ${name}; END IF; INSERT INTO ${name} SELECT * FROM ${sourceName(id)}`
  const load =
    typeof owner === 'string'
      ? asOwner(owner, sql`BEGIN ${rows}; ${runDeferred} END`)
      : [statement(sql`DO ${literal(sql`BEGIN ${rows}; END`)}`)]
  return [...load, markLoaded(id)]
}

function renameTable(from: Relation, to: Relation): readonly Statement[] {
  return [...relationRenaming('table', 'r', word).rename(from, to), renameSourceView(from, to)]
}
