import { ident, qualified, type Sql, type Statement, sql, statement, trusted } from '../../core/sql.ts'

interface RelationId {
  readonly schema: string
  readonly name: string
}

/** Of relations: their names by OID. `relkind` is one letter of pg_class. */
export function relationNames(kind: string, relkind: string): Sql {
  return trusted(`
    SELECT c.oid, jsonb_build_object('kind', '${kind}', 'schema', n.nspname, 'name', c.relname) AS id
      FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE c.oid = ANY ($1::oid[]) AND c.relkind = '${relkind}'`)
}

/** `object` is what stands behind ALTER: `FOREIGN TABLE`. */
export function renameRelation(object: Sql, from: RelationId, to: RelationId): readonly Statement[] {
  const name = qualified(from.schema, from.name)
  const renamed = qualified(from.schema, to.name)
  return [
    ...(from.name === to.name ? [] : [statement(sql`ALTER ${object} ${name} RENAME TO ${ident(to.name)}`)]),
    ...(from.schema === to.schema ? [] : [statement(sql`ALTER ${object} ${renamed} SET SCHEMA ${ident(to.schema)}`)]),
  ]
}
