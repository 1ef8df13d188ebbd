// Foreign-data wrappers: those of a manifest, and what a manifest changes of those that an extension created.

import type { FieldChange } from '../core/change.ts'
import { type IdOf, keyOf } from '../core/object.ts'
import { ident, type Parts, type Sql, sql, statement, statementOf, trusted } from '../core/sql.ts'
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
import { alterWithoutCommas } from './facets/changes.ts'
import { type Comment, commentChange, commentColumn, commentDetails, newComment } from './facets/comment.ts'
import { settle } from './facets/defaults.ts'
import { declaredIgnore, type Ignoring } from './facets/ignored.ts'
import { nameOf, type ObjectName, objectName, sameName, showName } from './facets/names.ts'
import {
  changedOptions,
  describeOptions,
  hideSecrets,
  namesOfSecrets,
  type OptionValues,
  optionChanges,
  optionsClause,
} from './facets/options.ts'
import { declaredProtection, type Protection } from './facets/protection.ts'
import {
  declaredSecretOptions,
  type SecretOptions,
  secretsOfOptions,
  settleSecretOptions,
} from './facets/secret-options.ts'
import { present, secretVariable, writtenName, writtenOptions } from './facets/stanza.ts'
import { notOfAnExtension } from './facets/user-objects.ts'
import type { DeclaredKind } from './kind.ts'

export interface ForeignDataWrapperSpec extends Access, Ignoring, Protection, SecretOptions {
  /** Null: no handler. Undefined: the handler of the wrapper's extension. */
  readonly handler: ObjectName | null | undefined
  readonly validator: ObjectName | null | undefined
  readonly options: OptionValues
  /** The manifest declares an extension of the same name, which creates the wrapper. */
  readonly comesWithExtension?: boolean
  /** Live only: it is a member of an extension. */
  readonly ofExtension?: boolean
  readonly comment?: Comment
}

export const foreignDataWrapper: DeclaredKind<'foreignDataWrapper', ForeignDataWrapperSpec> = {
  kind: 'foreignDataWrapper',
  // After extensions, which create its functions, and before servers.
  rank: 1.5,
  locks: { create: 1, drop: 2 },
  catalog: 'pg_foreign_data_wrapper',
  dropPolicy: 'unless-shared',
  cameWith: ({ ofExtension }) => (ofExtension ? 'its extension' : undefined),
  title: (id) => `foreign data wrapper ${ident(id.name)}`,

  probe: {
    how: 'read-back',
    byName: {},
    // The server resolves a function name without a schema, and shows everything else as written.
    isVerbatim: ({ handler, validator }) => handler?.schema !== null && validator?.schema !== null,
    wanted: (read, declared) => ({
      ...declared,
      handler: declared.handler === undefined ? undefined : read.handler,
      validator: declared.validator === undefined ? undefined : read.validator,
    }),
    withoutUnchangedOptions: (declared, live) => ({
      ...declared,
      options: changedOptions(declared.options, live.options),
    }),
    standIn: ({ spec }, scratch) => ({
      id: { kind: 'foreignDataWrapper', name: scratch.name },
      spec: { ...withoutAccess(spec), comesWithExtension: false },
    }),
  },

  declare: (manifest, digests) =>
    Object.entries(manifest.foreign_data_wrappers ?? {}).map(([name, declared]) => {
      const comesWithExtension = Object.hasOwn(manifest.extensions ?? {}, name)
      const called = (its: Parameters<typeof objectName>[0] | undefined) =>
        its === undefined ? (comesWithExtension ? undefined : null) : objectName(its)
      return {
        id: { kind: 'foreignDataWrapper', name } satisfies IdOf<'foreignDataWrapper'>,
        spec: {
          handler: called(declared.handler),
          validator: called(declared.validator),
          options: hideSecrets(declared.options ?? {}, declared.secret_options, digests.ofRun),
          ...declaredSecretOptions(declared),
          comesWithExtension,
          comment: declared.comment,
          ...declaredProtection(declared),
          ...declaredIgnore(declared),
          ...declaredAccess(declared),
        } satisfies ForeignDataWrapperSpec,
        // Which extension creates the functions is unknown. An extension with the wrapper's name creates the wrapper itself.
        needs: Object.keys(manifest.extensions ?? {}).map((extension) => keyOf({ kind: 'extension', name: extension })),
        path: ['foreign_data_wrappers', name],
      }
    }),

  // The extension restores handler, validator and owner, so only later changes are written.
  write: (id, { handler, validator, options, secretOptions, comment, ofExtension, ...access }, context) => ({
    path: ['foreign_data_wrappers', id.name],
    value: {
      ...present({
        handler: ofExtension ? undefined : writtenName(handler ?? null),
        validator: ofExtension ? undefined : writtenName(validator ?? null),
        options: writtenOptions(options, secretVariable(context, [id.name], foreignDataWrapper.title(id))),
        secret_options: secretOptions,
      }),
      ...writtenAccess(ofExtension ? { ...access, owner: undefined } : access),
      ...present({ comment }),
    },
  }),

  listQuery: trusted(`
    SELECT jsonb_build_object('kind', 'foreignDataWrapper', 'name', fdwname) AS id FROM pg_foreign_data_wrapper w
     WHERE ${notOfAnExtension('pg_foreign_data_wrapper', 'w.oid')} OR fdwname IN (
       SELECT extname FROM pg_extension e JOIN pg_depend d ON d.refclassid = 'pg_extension'::regclass AND d.refobjid = e.oid
        WHERE d.classid = 'pg_foreign_data_wrapper'::regclass AND d.objid = w.oid AND d.deptype = 'e'
          AND (fdwoptions IS NOT NULL OR fdwacl IS DISTINCT FROM (
            SELECT initprivs FROM pg_init_privs i WHERE i.classoid = d.classid AND i.objoid = w.oid)))`),

  catalogQuery: trusted(`
    SELECT jsonb_build_object('kind', 'foreignDataWrapper', 'name', fdwname) AS id, w.oid,
           jsonb_build_object(
             'handler', ${functionName('w.fdwhandler')},
             'validator', ${functionName('w.fdwvalidator')},
             'options', (SELECT coalesce(jsonb_object_agg(option_name, coalesce(option_value, '')), '{}')
                           FROM pg_options_to_table(w.fdwoptions)),
             'ofExtension', NOT ${notOfAnExtension('pg_foreign_data_wrapper', 'w.oid')},
             'comment', ${commentColumn('pg_foreign_data_wrapper', 'w.oid')},
             ${accessColumns('F', 'w.fdwowner', 'w.fdwacl')}) AS spec,
           -- The extension that it is a member of, or those of its functions.
           (SELECT coalesce(jsonb_agg(DISTINCT jsonb_build_object('kind', 'extension', 'name', e.extname)), '[]')
              FROM pg_depend d JOIN pg_extension e ON d.refclassid = 'pg_extension'::regclass AND e.oid = d.refobjid
             WHERE d.deptype = 'e' AND ((d.classid = 'pg_foreign_data_wrapper'::regclass AND d.objid = w.oid)
                OR (d.classid = 'pg_proc'::regclass AND d.objid IN (w.fdwhandler, w.fdwvalidator)))) AS needs
      FROM jsonb_to_recordset($1) AS wanted(name text)
      JOIN pg_foreign_data_wrapper w ON w.fdwname = wanted.name`),

  // What the manifest leaves open stays as the extension created it.
  settle: (wanted, last, live) => ({
    ...wanted,
    ...settleSecretOptions(wanted, last, namesOfSecrets(last?.options ?? {})),
    handler: wanted.handler ?? (live?.ofExtension ? live.handler : wanted.handler),
    validator: wanted.validator ?? (live?.ofExtension ? live.validator : wanted.validator),
    comment: settle(wanted.comment, last?.comment, live?.comment, ''),
    ...settleAccess(wanted, last, live),
  }),

  compare: (id, from, to, { declared, digests }) => [
    ...functionChange('handler', from.handler, to.handler, declared.handler),
    ...functionChange('validator', from.validator, to.validator, declared.validator),
    ...optionChanges(from.options, to.options, { named: to.secretOptions, digestOf: digests.ofRun }),
    ...commentChange(sql`FOREIGN DATA WRAPPER ${ident(id.name)}`, 'comment', from.comment, to.comment),
    ...accessChanges(target(id), from, to),
  ],

  create(id, spec) {
    const parts: Parts = [
      ...(spec.handler ? [sql` HANDLER ${nameOf(spec.handler)}`] : []),
      ...(spec.validator ? [sql` VALIDATOR ${nameOf(spec.validator)}`] : []),
      ...optionsClause(spec.options),
    ]
    const verb = spec.comesWithExtension ? sql`ALTER` : sql`CREATE`
    const isCreatedAsWanted = spec.comesWithExtension && parts.length === 0
    return [
      ...(isCreatedAsWanted ? [] : [statementOf([sql`${verb} FOREIGN DATA WRAPPER ${ident(id.name)}`, ...parts])]),
      ...newComment(sql`FOREIGN DATA WRAPPER ${ident(id.name)}`, spec.comment),
      ...newAccess(target(id), spec),
    ]
  },

  alter: (id, fields) => alterWithoutCommas(sql`ALTER FOREIGN DATA WRAPPER ${ident(id.name)} `, fields),
  drop: (id) => [statement(sql`DROP FOREIGN DATA WRAPPER ${ident(id.name)}`)],
  renaming: {
    namesQuery: trusted(`
      SELECT oid, jsonb_build_object('kind', 'foreignDataWrapper', 'name', fdwname) AS id
        FROM pg_foreign_data_wrapper WHERE oid = ANY ($1::oid[])`),
    rename: (from, to) => [statement(sql`ALTER FOREIGN DATA WRAPPER ${ident(from.name)} RENAME TO ${ident(to.name)}`)],
  },

  display: {
    summary: ({ handler, comesWithExtension }) =>
      comesWithExtension ? 'with its extension' : handler ? `handler ${showName(handler)}` : 'without a handler',
    details: ({ validator, options, ...access }) => [
      ...(validator ? [['validator', showName(validator)] as const] : []),
      ...(Object.keys(options).length === 0 ? [] : [['options', describeOptions(options)] as const]),
      ...commentDetails(access),
      ...accessDetails(access),
    ],
  },
  secrets: secretsOfOptions,
  preconditions: { roles: rolesOf },
  hazards: accessHazards,
}

function target({ name }: IdOf<'foreignDataWrapper'>): AccessTarget {
  return { object: sql`FOREIGN DATA WRAPPER ${ident(name)}`, securable: sql`FOREIGN DATA WRAPPER ${ident(name)}` }
}

function functionName(oid: string): string {
  return `(SELECT jsonb_build_object('schema', fn.nspname, 'name', f.proname)
             FROM pg_proc f JOIN pg_namespace fn ON fn.oid = f.pronamespace WHERE f.oid = ${oid})`
}

function functionChange(
  field: 'handler' | 'validator',
  from: ObjectName | null | undefined,
  to: ObjectName | null | undefined,
  declared: ObjectName | null | undefined,
): readonly FieldChange[] {
  if (to === undefined || sameName(from ?? null, to)) return []
  const word = field === 'handler' ? sql`HANDLER` : sql`VALIDATOR`
  const clause: Sql = to === null ? sql`NO ${word}` : sql`${word} ${nameOf(declared ?? to)}`
  const [before, after] = [from, to].map((name) => (name ? showName(name) : undefined))
  return [{ field, from: before, to: after, effect: { how: 'clause', clause: [clause] } }]
}
