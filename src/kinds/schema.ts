import { ident, sql, statement, trusted } from '../core/sql.ts'
import { alterStatements } from './facets/changes.ts'
import { type Comment, commentChange, newComment } from './facets/comment.ts'
import { notOfAnExtension, schemaOfPeople } from './facets/people.ts'
import { settle } from './facets/settle.ts'
import { present } from './facets/written.ts'
import type { Kind } from './kind.ts'

export interface SchemaSpec {
  readonly comment?: Comment
}

export const schema: Kind<'schema', SchemaSpec> = {
  kind: 'schema',
  rank: 0,
  catalog: 'pg_namespace',
  replacement: 'drop-and-create',
  dropPolicy: 'unless-shared',
  probe: { how: 'by-name' },
  title: (id) => `schema ${ident(id.name)}`,

  declare: (manifest) =>
    Object.entries(manifest.schemas ?? {}).map(([name, declared]) => ({
      id: { kind: 'schema', name },
      spec: { comment: declared.comment } satisfies SchemaSpec,
      needs: [],
      path: ['schemas', name],
    })),

  // The schema public is born with a comment.
  write: (id, { comment }) => ({
    path: ['schemas', id.name],
    value: id.name === 'public' && comment === 'standard public schema' ? {} : present({ comment }),
  }),

  listQuery: trusted(`
    SELECT jsonb_build_object('kind', 'schema', 'name', nspname) AS id FROM pg_namespace n
     WHERE ${schemaOfPeople('nspname')} AND ${notOfAnExtension('pg_namespace', 'n.oid')}`),

  catalogQuery: trusted(`
    SELECT jsonb_build_object('kind', 'schema', 'name', nspname) AS id, n.oid,
           jsonb_build_object('comment', coalesce(obj_description(n.oid, 'pg_namespace'), '')) AS spec
      FROM jsonb_to_recordset($1) AS wanted(name text)
      JOIN pg_namespace n ON n.nspname = wanted.name`),

  settle: (wanted, last, live) => ({ comment: settle(wanted.comment, last?.comment, live?.comment, '') }),
  compare: (id, from, to) => commentChange(sql`SCHEMA ${ident(id.name)}`, 'comment', from.comment, to.comment),
  create: (id, spec) => [
    statement(sql`CREATE SCHEMA ${ident(id.name)}`),
    ...newComment(sql`SCHEMA ${ident(id.name)}`, spec.comment),
  ],
  alter: (_id, fields) => alterStatements(sql``, [], fields),
  drop: (id) => [statement(sql`DROP SCHEMA ${ident(id.name)}`)],
}
