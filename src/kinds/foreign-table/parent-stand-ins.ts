// Copies of the parents of a foreign table, for its stand-in in the probe.
import type { Relation } from '../../core/object.ts'
import { fragment, ident, join, literal, qualified, type Sql, type Statement, sql, statement } from '../../core/sql.ts'
import type { Columns } from '../facets/columns/columns.ts'
import { nameOf, type ObjectName } from '../facets/names.ts'
import type { StandInOf } from '../probing.ts'
import { type Parents, parentsIn } from './parents.ts'

/** The stand-in itself. */
interface Table extends Partial<Parents> {
  readonly columns: Columns
  readonly server: string
}

interface Copy {
  readonly of: ObjectName
  readonly as: Sql
  readonly partitioned: boolean
}

/**
 * A second partition with the same bounds is not possible, and inheriting from a live table locks it. So the parents of a
 * stand-in are copies, created by LIKE, which only reads. Returns how to create them, and their names.
 */
export function parentStandIns(
  table: Table,
  scratch: Relation,
  standInOf: StandInOf,
): { readonly before: readonly Statement[]; readonly parents: Parents } {
  const { inherits, partitionOf } = parentsIn(table)
  const nameAt = (at: number): ObjectName => ({ schema: scratch.schema, name: `${scratch.name}_parent_${at}` })
  const copyOf = (of: ObjectName, at: number, partitioned: boolean) =>
    copy({ of, as: nameOf(nameAt(at)), partitioned }, standInOf)
  if (!partitionOf) {
    return {
      before: inherits.map((parent, at) => copyOf(parent, at, false)),
      parents: { inherits: inherits.map((_, at) => nameAt(at)), partitionOf: null },
    }
  }
  const before = [copyOf(partitionOf.parent, 0, true), ...typesCheck(table, scratch, nameAt(0))]
  return { before, parents: { inherits: [], partitionOf: { ...partitionOf, parent: nameAt(0) } } }
}

/**
 * CREATE … PARTITION OF takes no column types. Whether the declared ones are those of the parent is tried out by inheriting
 * from a copy that is not partitioned.
 */
function typesCheck({ columns, server }: Table, scratch: Relation, parent: ObjectName): readonly Statement[] {
  const typed = Object.entries(columns).map(
    ([name, { type, collation }]) =>
      sql`${ident(name)} ${fragment(type)}${collation ? sql` COLLATE ${nameOf(collation)}` : sql``}`,
  )
  if (typed.length === 0) return []
  const plain = qualified(scratch.schema, `${scratch.name}_plain`)
  return [
    statement(sql`CREATE TABLE ${plain} (LIKE ${nameOf(parent)})`),
    statement(
      sql`CREATE FOREIGN TABLE ${qualified(scratch.schema, `${scratch.name}_typed`)} (${join(typed, ', ')})
          INHERITS (${plain}) SERVER ${ident(server)}`,
    ),
  ]
}

// A DO block, since the partition key has to be read from the catalog.
function copy({ of, as, partitioned }: Copy, standInOf: StandInOf): Statement {
  const standIn = of.schema === null ? undefined : standInOf({ kind: 'foreignTable', schema: of.schema, name: of.name })
  const isStandIn = standIn?.kind === 'foreignTable' && (standIn.schema !== of.schema || standIn.name !== of.name)
  const source = isStandIn ? qualified(standIn.schema, standIn.name) : nameOf(of)
  const shown = literal(nameOf(of))
  const known = isStandIn ? sql`${literal(JSON.stringify(of))}` : sql`NULL`
  const kinds = partitioned ? sql`'p'` : sql`'r', 'f'`
  const wrong = partitioned ? 'the parent % is not a partitioned table' : 'no table can inherit from the parent %'
  const body = sql`
DECLARE
  parent pg_catalog.regclass := pg_catalog.to_regclass(${literal(source)});
  kind pg_catalog.text;
  is_partition pg_catalog.bool;
  address pg_catalog.text := ${known};
BEGIN
  IF parent IS NULL THEN
    RAISE EXCEPTION 'the parent % does not exist', ${shown}
      USING ERRCODE = '42P01', HINT = coalesce(${elsewhere(of, kinds)},
        'Create it first: fdwsync creates foreign tables, but not their local parents.');
  END IF;
  SELECT c.relkind, c.relispartition, coalesce(address, pg_catalog.jsonb_build_object('schema', n.nspname, 'name', c.relname)::pg_catalog.text)
    INTO kind, is_partition, address
    FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace
   WHERE c.oid OPERATOR(pg_catalog.=) parent::pg_catalog.oid;
  IF kind OPERATOR(pg_catalog.<>) ALL (ARRAY[${kinds}]) ${partitioned ? sql`` : sql`OR is_partition `}THEN
    RAISE EXCEPTION ${literal(wrong)}, ${shown} USING ERRCODE = '42809';
  END IF;
  ${partitioned ? uniqueCheck(shown) : sql``}
  EXECUTE pg_catalog.format(
    'CREATE TABLE %s (LIKE %s INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING GENERATED INCLUDING STORAGE) %s',
    ${literal(as)}, parent, ${partitioned ? sql`pg_catalog.concat('PARTITION BY ', pg_catalog.pg_get_partkeydef(parent))` : sql`''`});
  EXECUTE pg_catalog.format('COMMENT ON TABLE %s IS %L', ${literal(as)}, address);
END`
  return statement(sql`DO ${literal(body)}`)
}

/** Suggests a qualified name if the name is that of a relation outside search_path. */
function elsewhere({ schema, name }: ObjectName, kinds: Sql): Sql {
  if (schema !== null) return sql`NULL`
  return sql`(SELECT pg_catalog.format('Name its schema: { schema: %s, name: %s }', pg_catalog.to_json(n.nspname), pg_catalog.to_json(c.relname))
      FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace
     WHERE ${literal(name)} OPERATOR(pg_catalog.=) ANY (ARRAY[c.relname::pg_catalog.text, pg_catalog.concat(n.nspname, '.', c.relname)])
       AND c.relkind OPERATOR(pg_catalog.=) ANY (ARRAY[${kinds}]::pg_catalog."char"[]) AND n.nspname OPERATOR(pg_catalog.!~) '^(pg_|fdwsync)' ORDER BY n.nspname LIMIT 1)`
}

const uniqueCheck = (shown: Sql) => sql`
  IF EXISTS (SELECT FROM pg_catalog.pg_index WHERE indrelid OPERATOR(pg_catalog.=) parent::pg_catalog.oid AND indisunique) THEN
    RAISE EXCEPTION 'a foreign table cannot be a partition of %, which has a unique index', ${shown} USING ERRCODE = '42809';
  END IF;`
