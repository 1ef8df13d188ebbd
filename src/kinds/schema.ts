// Schemas.

import { type IdOf, keyOf } from '../core/object.ts'
import { sourceSchema } from '../core/reserved-schemas.ts'
import { ident, literal, sql, statement, trusted } from '../core/sql.ts'
import type { Manifest } from '../manifest/manifest.ts'
import {
  type Access,
  type AccessTarget,
  accessChanges,
  accessDetails,
  declaredAccess,
  newAccess,
  rolesOf,
  settleAccess,
  writtenAccess,
} from './facets/access.ts'
import { accessColumns } from './facets/access-columns.ts'
import { accessHazards } from './facets/access-hazards.ts'
import { alterStatements } from './facets/changes.ts'
import { type Comment, commentChange, commentColumn, commentDetails, newComment } from './facets/comment.ts'
import { settle } from './facets/defaults.ts'
import { declaredIgnore, type Ignoring } from './facets/ignored.ts'
import { declaredProtection, type Protection } from './facets/protection.ts'
import { present } from './facets/stanza.ts'
import { isUserSchema, notOfAnExtension } from './facets/user-objects.ts'
import type { DeclaredKind } from './kind.ts'

export interface SchemaSpec extends Access, Ignoring, Protection {
  readonly comment?: Comment
}

export const schema: DeclaredKind<'schema', SchemaSpec> = {
  kind: 'schema',
  rank: 0,
  locks: { create: 1, drop: 2 },
  catalog: 'pg_namespace',
  dropPolicy: 'unless-shared',
  probe: { how: 'by-name', isNamespace: true },
  title: (id) => `schema ${ident(id.name)}`,

  declare: (manifest) =>
    Object.entries(withSourceSchema(manifest.schemas ?? {})).map(([name, declared]) => ({
      id: { kind: 'schema', name },
      spec: {
        comment: declared.comment,
        ...declaredAccess(declared),
        ...declaredProtection(declared),
        ...declaredIgnore(declared),
      } satisfies SchemaSpec,
      needs: [],
      path: ['schemas', name],
    })),

  // initdb creates the schema public with a comment, an owner and grants, which differ between majors.
  write: (id, spec) => ({
    path: ['schemas', id.name],
    value:
      id.name === 'public'
        ? present({ comment: spec.comment === 'standard public schema' ? undefined : spec.comment })
        : { ...writtenAccess(spec), ...present({ comment: spec.comment }) },
  }),

  listQuery: trusted(`
    SELECT jsonb_build_object('kind', 'schema', 'name', nspname) AS id FROM pg_namespace n
     WHERE ${isUserSchema('nspname')} AND ${notOfAnExtension('pg_namespace', 'n.oid')}`),

  catalogQuery: trusted(`
    SELECT jsonb_build_object('kind', 'schema', 'name', nspname) AS id, n.oid,
           jsonb_build_object(
             'comment', ${commentColumn('pg_namespace', 'n.oid')}, ${accessColumns('n', 'n.nspowner', 'n.nspacl')}) AS spec
      FROM jsonb_to_recordset($1) AS wanted(name text)
      JOIN pg_namespace n ON n.nspname = wanted.name`),

  settle: (wanted, last, live) => ({
    comment: settle(wanted.comment, last?.comment, live?.comment, ''),
    ...settleAccess(wanted, last, live),
  }),
  compare: (id, from, to) => [
    ...commentChange(sql`SCHEMA ${ident(id.name)}`, 'comment', from.comment, to.comment),
    ...accessChanges(target(id), from, to),
  ],
  create: (id, spec) => [
    statement(sql`CREATE SCHEMA ${ident(id.name)}`),
    ...newComment(sql`SCHEMA ${ident(id.name)}`, spec.comment),
    ...newAccess(target(id), spec),
  ],
  alter: (_id, fields) => alterStatements(sql``, [], fields),
  drop: (id) => [statement(sql`DROP SCHEMA ${ident(id.name)}`)],
  renaming: {
    namesQuery: trusted(`
      SELECT oid, jsonb_build_object('kind', 'schema', 'name', nspname) AS id
        FROM pg_namespace WHERE oid = ANY ($1::oid[])`),
    rename: (from, to) => [statement(sql`ALTER SCHEMA ${ident(from.name)} RENAME TO ${ident(to.name)}`)],
  },
  preconditions: { roles: rolesOf },
  // USAGE of the schema of source views lets no one read them.
  hazards: (change) => (change.key === sourceSchemaKey ? [] : accessHazards(change)),
  display: {
    details: (spec) => [...commentDetails(spec), ...accessDetails(spec)],
  },
}

const sourceSchemaKey = keyOf({ kind: 'schema', name: sourceSchema })

/** The owner of a table reads its query there, so every role may look for names in that schema. */
function withSourceSchema(schemas: NonNullable<Manifest['schemas']>): NonNullable<Manifest['schemas']> {
  const hasTables = Object.values(schemas).some(({ tables = {} }) => Object.keys(tables).length > 0)
  return hasTables ? { ...schemas, [sourceSchema]: { grants: { usage: ['public'] } } } : schemas
}

function target({ name }: IdOf<'schema'>): AccessTarget {
  const object = sql`SCHEMA ${ident(name)}`
  const defaults = sql`SELECT n.nspowner AS owner, n.nspacl AS acl, n.nspacl AS privileges FROM pg_catalog.pg_namespace n WHERE n.nspname OPERATOR(pg_catalog.=) ${literal(name)}::pg_catalog.name`
  return { object, securable: object, defaults }
}
