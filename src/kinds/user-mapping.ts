// User mappings. Their secret options are compared by digests and never read.
import type { FieldChange } from '../core/change.ts'
import { ignoredOptions } from '../core/ignored.ts'
import { type IdOf, keyOf } from '../core/object.ts'
import { Secret } from '../core/secret.ts'
import { isSecretMappingOption, plainMappingOptions } from '../core/secret-options.ts'
import {
  ident,
  join,
  joinParts,
  literal,
  type Parts,
  type Sql,
  type Statement,
  sql,
  statement,
  statementOf,
  trusted,
} from '../core/sql.ts'
import { declaredIgnoreOfMapping, type Ignoring } from './facets/ignored.ts'
import {
  describeOptions,
  type OptionValue,
  type OptionValues,
  optionEdits,
  optionItem,
  optionsClause,
  record,
  type SecretValue,
  secretValue,
  shown,
} from './facets/options.ts'
import { type Stanza, secretVariable, type WriteContext, writtenOptions } from './facets/stanza.ts'
import { notOfAnExtension } from './facets/user-objects.ts'
import type { DeclaredKind, SecretDigests } from './kind.ts'

export interface UserMappingSpec extends Ignoring {
  /** Null: this role may not see the options, which is not the same as having none. */
  readonly options: OptionValues | null
}

type MappingId = IdOf<'userMapping'>

const plainNames = join(plainMappingOptions.map(literal), ', ')

export const userMapping: DeclaredKind<'userMapping', UserMappingSpec> = {
  kind: 'userMapping',
  rank: 3,
  locks: { create: 1, drop: 1 },
  catalog: 'pg_user_mapping',
  dropPolicy: 'owned',
  title: (id) => `user mapping for ${id.role === null ? 'public' : ident(id.role)} on ${ident(id.server)}`,

  probe: {
    how: 'checked',
    standIn(object, _scratch, standInOf) {
      const server = standInOf({ kind: 'server', name: object.id.server })
      const name = server.kind === 'server' ? server.name : object.id.server
      return { id: { ...object.id, server: name }, spec: object.spec }
    },
  },

  declare: (manifest, digests) =>
    Object.entries(manifest.servers ?? {}).flatMap(([server, declared]) =>
      Object.entries(declared.user_mappings ?? {}).map(([role, options]) => ({
        id: { kind: 'userMapping', server, role: role === 'public' ? null : role } satisfies MappingId,
        spec: {
          options: declaredOptions(options, digests),
          ...declaredIgnoreOfMapping(declared, role),
        } satisfies UserMappingSpec,
        needs: [keyOf({ kind: 'server', name: server })],
        path: ['servers', server, 'user_mappings', role],
      })),
    ),

  write: (id, spec, context) => writtenMapping(id, spec.options ?? {}, context),

  listQuery: trusted(`
    SELECT jsonb_build_object('kind', 'userMapping', 'server', srvname,
                              'role', CASE WHEN umuser <> 0 THEN usename END) AS id
      FROM pg_user_mappings
     WHERE ${notOfAnExtension('pg_foreign_server', 'srvid')}`),

  // pg_user_mappings shows NULL both for no options and for options that the role may not see. Reading hidden options as
  // none would plan to set every password again, so the condition of that view is repeated here.
  catalogQuery: trusted(`
    SELECT jsonb_build_object('kind', 'userMapping', 'server', m.srvname,
                              'role', CASE WHEN m.umuser <> 0 THEN m.usename END) AS id,
           m.umid AS oid,
           jsonb_build_object('options', CASE WHEN
               (SELECT rolsuper FROM pg_roles WHERE rolname = current_user)
               OR (m.umuser <> 0 AND m.usename = current_user
                   AND (pg_has_role(s.srvowner, 'USAGE') OR has_server_privilege(s.oid, 'USAGE')))
               OR (m.umuser = 0 AND pg_has_role(s.srvowner, 'USAGE'))
             THEN (SELECT coalesce(jsonb_object_agg(option_name, CASE
                            WHEN option_name IN (${plainNames}) THEN to_jsonb(coalesce(option_value, ''))
                            ELSE jsonb_build_object('digest', encode(sha256(convert_to(
                                   current_setting('fdwsync.salt') || coalesce(option_value, ''), 'UTF8')), 'hex'))
                          END), '{}')
                     FROM pg_options_to_table(m.umoptions))
             END) AS spec,
           jsonb_build_array(jsonb_build_object('kind', 'server', 'name', m.srvname)) AS needs
      FROM jsonb_to_recordset($1) AS wanted(server text, role text)
      JOIN pg_user_mappings m ON m.srvname = wanted.server
       AND CASE WHEN wanted.role IS NULL THEN m.umuser = 0 ELSE m.umuser <> 0 AND m.usename = wanted.role END
      JOIN pg_foreign_server s ON s.oid = m.srvid`),

  settle: (wanted) => wanted,

  secrets: {
    hidden: (id, live) =>
      live.options === null
        ? {
            reason: 'its options are hidden from this role',
            hint: `Only a superuser can see them${id.role === null ? ', or the owner of the server' : `, or ${id.role} itself with USAGE on the server`}.`,
          }
        : undefined,
    recorded: ({ options, ...more }, slowDigest) => ({
      ...more,
      options: record(
        Object.entries(options ?? {}).map(([name, value]): [string, OptionValue] => {
          if (typeof value === 'string') return [name, value]
          return [name, { digest: value.secret ? slowDigest(value.secret) : '' }]
        }),
      ),
    }),
  },

  compare(_id, from, to, { declared, last, digests }) {
    if (from.options !== null) return fieldsOf(from.options, to.options ?? {})
    const [now, before] = [declared, last ?? declared].map(({ options }) => withoutOptions(options ?? {}, declared))
    if (last === undefined || sameAsRecorded(now ?? {}, before ?? {}, digests)) return []
    return [
      {
        field: 'options',
        from: '(hidden)',
        to: '(changed in the manifest)',
        effect: { how: 'replace' },
        cause: 'manifest',
      },
    ]
  },

  create: (id, spec) => {
    const plain = record(Object.entries(spec.options ?? {}).filter(isPlain))
    return [
      statementOf([sql`CREATE USER MAPPING FOR ${roleOf(id)} SERVER ${ident(id.server)}`, ...optionsClause(plain)]),
      ...alterMapping(id, optionEdits({}, record(Object.entries(spec.options ?? {}).filter(isSecret))).map(optionItem)),
    ]
  },

  alter(id, fields, from) {
    const plain = fields.filter(({ effect }) => effect.how === 'clause' && !holdsSecret(effect.clause))
    const secret = fields.filter(({ effect }) => effect.how === 'clause' && holdsSecret(effect.clause))
    const droppedFirst = secret.filter((field) => field.from !== undefined).map(({ field }) => drop(field))
    const added = secret.flatMap(({ effect }) => (effect.how === 'clause' ? [effect.clause] : []))
    const first = [...plain.flatMap(({ effect }) => (effect.how === 'clause' ? [effect.clause] : [])), ...droppedFirst]
    if (first.length > 0 || added.length === 0) return [...alterMapping(id, first), ...alterMapping(id, added)]
    return [...lockRow(id, from), ...alterMapping(id, added)]
  },

  belongsTo: {
    namesQuery: trusted(`
      SELECT jsonb_build_object('kind', 'userMapping', 'server', srvname, 'role', CASE WHEN umuser <> 0 THEN usename END) AS id
        FROM pg_user_mappings WHERE umid = ANY ($1::oid[])`),
    ownersOf: (id) => [keyOf({ kind: 'server', name: id.server })],
    under: (id, renamed) => (renamed.kind === 'server' ? { ...id, server: renamed.name } : id),
  },
  drop: (id) => [statement(sql`DROP USER MAPPING FOR ${roleOf(id)} SERVER ${ident(id.server)}`)],
  display: {
    summary: (spec) => describeOptions(spec.options ?? {}),
  },
}

// The exporter has only digests of secrets, so it writes a variable for each.
function writtenMapping(id: MappingId, options: OptionValues, context: WriteContext): Stanza {
  const words = id.role === null ? [id.server] : [id.server, id.role]
  const value = writtenOptions(options, secretVariable(context, words, userMapping.title(id)))
  return { path: ['servers', id.server, 'user_mappings', id.role ?? 'public'], value }
}

function declaredOptions(options: Readonly<Record<string, string | Secret>>, digests: SecretDigests): OptionValues {
  return record(
    Object.entries(options).map(([name, value]): [string, OptionValue] => {
      if (typeof value === 'string' && !isSecretMappingOption(name)) return [name, value]
      return [name, secretValue(typeof value === 'string' ? new Secret(value) : value, digests.ofRun)]
    }),
  )
}

function fieldsOf(from: OptionValues, to: OptionValues): readonly FieldChange[] {
  return optionEdits(from, to).map((edit) => {
    // While a statement waits for the lock on the row, log_lock_waits prints it. So a secret is not SET: one statement
    // drops the option, which takes the lock, and the next one adds it.
    const replacesSecret = edit.verb === 'SET' && typeof edit.to === 'object'
    const clause = optionItem(replacesSecret ? { ...edit, verb: 'ADD' } : edit)
    return { field: edit.name, from: shown(edit.from), to: shown(edit.to), effect: { how: 'clause', clause } }
  })
}

/** Takes the lock on the row with a statement without secrets: sets an option to its own value, or recreates the mapping. */
function lockRow(id: MappingId, from: UserMappingSpec): readonly Statement[] {
  const [name, value] = Object.entries(from.options ?? {}).find(isPlain) ?? []
  if (name !== undefined && value !== undefined) {
    return alterMapping(id, [[sql`SET ${ident(name)} ${literal(value)}`]])
  }
  return [...userMapping.drop(id), ...userMapping.create(id, { options: {} })]
}

function alterMapping(id: MappingId, items: readonly Parts[]): readonly Statement[] {
  if (items.length === 0) return []
  const head = sql`ALTER USER MAPPING FOR ${roleOf(id)} SERVER ${ident(id.server)} OPTIONS (`
  return [statementOf([head, ...joinParts(items, sql`, `), sql`)`])]
}

function withoutOptions(options: OptionValues, { ignore = [] }: Ignoring): OptionValues {
  const ignored = ignoredOptions(ignore)
  return record(Object.entries(options).filter(([name]) => !ignored.includes(name)))
}

function sameAsRecorded(declared: OptionValues, recorded: OptionValues, digests: SecretDigests): boolean {
  const names = Object.keys(declared)
  if (names.length !== Object.keys(recorded).length) return false
  return names.every((name) => {
    const wanted = declared[name]
    const before = recorded[name]
    if (typeof wanted !== 'object' || typeof before !== 'object') return wanted === before
    // Without a digest a difference is unknown, and none is reported.
    return (
      before.digest === '' || (wanted.secret !== undefined && digests.matchesRecorded(wanted.secret, before.digest))
    )
  })
}

function drop(name: string): Parts {
  return [sql`DROP ${ident(name)}`]
}

function holdsSecret(clause: Parts): boolean {
  return clause.some((part) => typeof part !== 'string')
}

function isPlain(option: readonly [string, OptionValue]): option is [string, string] {
  return typeof option[1] === 'string'
}

function isSecret(option: readonly [string, OptionValue]): option is [string, SecretValue] {
  return typeof option[1] !== 'string'
}

// Null is PUBLIC. PostgreSQL reserves that name, so no role has it.
function roleOf(id: MappingId): Sql {
  return id.role === null ? sql`PUBLIC` : quotedRole(id.role)
}

// These are keywords here, and names of roles only in quotes.
function quotedRole(role: string): Sql {
  return /^(user|current_user|current_role|session_user)$/.test(role) ? trusted(`"${role}"`) : ident(role)
}
