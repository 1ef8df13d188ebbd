// Foreign servers.

import type { FieldChange } from '../core/change.ts'
import { type IdOf, keyOf } from '../core/object.ts'
import { ident, literal, type Statement, sql, statement, statementOf, trusted } from '../core/sql.ts'
import {
  type Access,
  type AccessTarget,
  accessChanges,
  accessDetails,
  declaredAccess,
  newAccess,
  rolesOf,
  settleAccess,
  withoutAccess,
  writtenAccess,
} from './facets/access.ts'
import { accessColumns } from './facets/access-columns.ts'
import { accessHazards } from './facets/access-hazards.ts'
import { alterWithoutCommas, replacedBy } from './facets/changes.ts'
import { type Comment, commentChange, commentColumn, commentDetails, newComment } from './facets/comment.ts'
import { settle } from './facets/defaults.ts'
import { declaredIgnoreOfServer, type Ignoring } from './facets/ignored.ts'
import {
  describeOptions,
  hideSecrets,
  namesOfSecrets,
  type OptionValues,
  optionChanges,
  optionsClause,
} from './facets/options.ts'
import { declaredProtection, type Protection } from './facets/protection.ts'
import { declaredRename } from './facets/renaming.ts'
import {
  declaredSecretOptions,
  type SecretOptions,
  secretsOfOptions,
  settleSecretOptions,
} from './facets/secret-options.ts'
import {
  present,
  type Stanza,
  secretVariable,
  type WriteContext,
  writtenOptions,
  writtenText,
} from './facets/stanza.ts'
import { notOfAnExtension } from './facets/user-objects.ts'
import type { DeclaredKind } from './kind.ts'

export interface ServerSpec extends Access, Ignoring, Protection, SecretOptions {
  readonly wrapper: string
  readonly type: string | null
  readonly version: string | null
  readonly options: OptionValues
  readonly comment?: Comment
}

export const server: DeclaredKind<'server', ServerSpec> = {
  kind: 'server',
  rank: 2,
  locks: { create: 1, drop: 2 },
  catalog: 'pg_foreign_server',
  dropPolicy: 'owned',
  title: (id) => `server ${ident(id.name)}`,

  probe: {
    how: 'checked',
    standIn: (object, scratch) => ({ id: { kind: 'server', name: scratch.name }, spec: withoutAccess(object.spec) }),
  },

  declare: (manifest, digests) =>
    Object.entries(manifest.servers ?? {}).map(([name, declared]) => ({
      id: { kind: 'server', name },
      spec: {
        wrapper: declared.foreign_data_wrapper ?? 'postgres_fdw',
        type: declared.type ?? null,
        version: declared.version ?? null,
        options: hideSecrets(declared.options ?? {}, declared.secret_options, digests.ofRun),
        ...declaredSecretOptions(declared),
        comment: declared.comment,
        ...declaredProtection(declared),
        ...declaredIgnoreOfServer(declared),
        ...declaredAccess(declared),
      } satisfies ServerSpec,
      // Most wrappers come with an extension of the same name. Keys of objects that are not declared are ignored.
      needs: (['extension', 'foreignDataWrapper'] as const).map((kind) =>
        keyOf({ kind, name: declared.foreign_data_wrapper ?? 'postgres_fdw' }),
      ),
      ...declaredRename({ kind: 'server', name } as const, declared),
      path: ['servers', name],
    })),

  write: (id, spec, context) => writtenServer(id, spec, context),

  listQuery: trusted(`
    SELECT jsonb_build_object('kind', 'server', 'name', srvname) AS id FROM pg_foreign_server s
     WHERE ${notOfAnExtension('pg_foreign_server', 's.oid')}`),

  catalogQuery: trusted(`
    SELECT jsonb_build_object('kind', 'server', 'name', srvname) AS id, s.oid,
           jsonb_build_object(
             'wrapper', w.fdwname, 'type', s.srvtype, 'version', s.srvversion,
             'options', (SELECT coalesce(jsonb_object_agg(option_name, coalesce(option_value, '')), '{}')
                           FROM pg_options_to_table(s.srvoptions)),
             'comment', ${commentColumn('pg_foreign_server', 's.oid')},
             ${accessColumns('S', 's.srvowner', 's.srvacl')}) AS spec,
           jsonb_build_array(jsonb_build_object('kind', 'foreignDataWrapper', 'name', w.fdwname)) AS needs
      FROM jsonb_to_recordset($1) AS wanted(name text)
      JOIN pg_foreign_server s ON s.srvname = wanted.name
      JOIN pg_foreign_data_wrapper w ON w.oid = s.srvfdw`),

  settle: (wanted, last, live) => ({
    ...wanted,
    ...settleSecretOptions(wanted, last, namesOfSecrets(last?.options ?? {})),
    comment: settle(wanted.comment, last?.comment, live?.comment, ''),
    ...settleAccess(wanted, last, live),
  }),

  compare: (id, from, to, { digests }) => [
    ...replacedBy('foreign-data wrapper', from.wrapper, to.wrapper),
    ...replacedBy('type', from.type ?? undefined, to.type ?? undefined),
    ...versionChange(from.version, to.version),
    ...optionChanges(from.options, to.options, { named: to.secretOptions, digestOf: digests.ofRun }),
    ...commentChange(sql`SERVER ${ident(id.name)}`, 'comment', from.comment, to.comment),
    ...accessChanges(target(id), from, to),
  ],

  create: (id, spec) => [
    statementOf([
      sql`CREATE SERVER ${ident(id.name)}${spec.type === null ? sql`` : sql` TYPE ${literal(spec.type)}`}${
        spec.version === null ? sql`` : sql` VERSION ${literal(spec.version)}`
      } FOREIGN DATA WRAPPER ${ident(spec.wrapper)}`,
      ...optionsClause(spec.options),
    ]),
    ...newComment(sql`SERVER ${ident(id.name)}`, spec.comment),
    ...newAccess(target(id), spec),
  ],

  alter: (id, fields) => alterWithoutCommas(sql`ALTER SERVER ${ident(id.name)} `, fields),
  drop: (id) => [statement(sql`DROP SERVER ${ident(id.name)}`)],
  renaming: {
    namesQuery: trusted(`
      SELECT oid, jsonb_build_object('kind', 'server', 'name', srvname) AS id
        FROM pg_foreign_server WHERE oid = ANY ($1::oid[])`),
    rename,
  },
  aside: { called: (_, name) => ({ kind: 'server', name }), rename },

  display: {
    summary: (spec) => spec.wrapper,
    details: (spec) => [
      ...(spec.type === null ? [] : [['type', spec.type] as const]),
      ...(spec.version === null ? [] : [['version', spec.version] as const]),
      ...(Object.keys(spec.options).length === 0 ? [] : [['options', describeOptions(spec.options)] as const]),
      ...fetchSizeAdvice(spec),
      ...commentDetails(spec),
      ...accessDetails(spec),
    ],
  },
  secrets: secretsOfOptions,
  preconditions: { roles: rolesOf },
  hazards: accessHazards,
}

function target({ name }: IdOf<'server'>): AccessTarget {
  return { object: sql`SERVER ${ident(name)}`, securable: sql`FOREIGN SERVER ${ident(name)}` }
}

function writtenServer(id: IdOf<'server'>, spec: ServerSpec, context: WriteContext): Stanza {
  const { wrapper, type, version, options, secretOptions, comment } = spec
  return {
    path: ['servers', id.name],
    value: {
      ...present({
        foreign_data_wrapper: wrapper === 'postgres_fdw' ? undefined : wrapper,
        type: type === null ? undefined : writtenText(type),
        version: version === null ? undefined : writtenText(version),
        options: writtenOptions(options, secretVariable(context, [id.name], server.title(id))),
        secret_options: secretOptions,
      }),
      ...writtenAccess(spec),
      ...present({ comment }),
    },
  }
}

function versionChange(from: string | null, to: string | null): readonly FieldChange[] {
  if (from === to) return []
  const clause = to === null ? sql`VERSION NULL` : sql`VERSION ${literal(to)}`
  return [
    { field: 'version', from: from ?? undefined, to: to ?? undefined, effect: { how: 'clause', clause: [clause] } },
  ]
}

function rename(from: IdOf<'server'>, to: IdOf<'server'>): readonly Statement[] {
  return [statement(sql`ALTER SERVER ${ident(from.name)} RENAME TO ${ident(to.name)}`)]
}

/**
 * Fetching 10,000 rows at a time reduces the time of a load to two thirds in a local network, and to a twentieth at 10 ms a round
 * trip: `npm run bench -- refresh`. More gains nothing, and takes memory for wide rows.
 */
function fetchSizeAdvice({ wrapper, options }: ServerSpec): readonly (readonly [label: string, text: string])[] {
  if (wrapper !== 'postgres_fdw' || 'fetch_size' in options) return []
  return [
    ['advice', 'fetch_size is not set, so each round trip to the source fetches 100 rows: 10000 loads copies faster'],
  ]
}
