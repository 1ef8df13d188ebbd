// What `ignore` may name, by kind of object.

import type { Manifest, Path } from '../manifest.ts'
import { atValue, type PathProblem } from './path-problem.ts'
import { copies, foreignTables, types } from './walk.ts'

interface Stanza {
  readonly path: Path
  readonly ignore: readonly string[] | undefined
  readonly hasOptions: boolean
  readonly roles?: readonly string[]
}

export function ignoreProblems(manifest: Manifest): readonly PathProblem[] {
  return stanzas(manifest).flatMap((stanza) =>
    (stanza.ignore ?? []).flatMap((name, at) => (isAttribute(name, stanza) ? [] : [unknown(stanza, at, name)])),
  )
}

function stanzas({ servers = {}, schemas = {}, foreign_data_wrappers: wrappers = {}, ...manifest }: Manifest) {
  const all = { ...manifest, schemas }
  return [
    ...Object.entries(wrappers).map(
      ([name, { ignore }]): Stanza => ({ path: ['foreign_data_wrappers', name], ignore, hasOptions: true }),
    ),
    ...Object.entries(servers).map(
      ([name, { ignore, user_mappings: mappings = {} }]): Stanza => ({
        path: ['servers', name],
        ignore,
        hasOptions: true,
        roles: Object.keys(mappings),
      }),
    ),
    ...Object.entries(schemas).map(
      ([name, { ignore }]): Stanza => ({ path: ['schemas', name], ignore, hasOptions: false }),
    ),
    ...foreignTables(all).map(({ path, table: { ignore } }): Stanza => ({ path, ignore, hasOptions: true })),
    ...copies(all).map(({ path, copy: { ignore } }): Stanza => ({ path, ignore, hasOptions: false })),
    ...types(all).map(({ path, type: { ignore } }): Stanza => ({ path, ignore, hasOptions: false })),
  ]
}

const always = ['comment', 'owner', 'grants']

function isAttribute(name: string, { hasOptions, roles = [] }: Stanza): boolean {
  if (always.includes(name)) return true
  if (hasOptions && /^options\../.test(name)) return true
  return roles.some(
    (role) => name.startsWith(`user_mappings.${role}.`) && name.length > `user_mappings.${role}.`.length,
  )
}

function unknown({ path, hasOptions, roles }: Stanza, at: number, name: string): PathProblem {
  const more = [...(hasOptions ? ['options.NAME'] : []), ...(roles ? ['user_mappings.ROLE.OPTION'] : [])]
  const message = `"${name}" cannot be ignored`
  const hint =
    roles && /^user_mappings\..+\../.test(name)
      ? `The server declares no user mapping with that name; it has ${roles.length > 0 ? roles.join(', ') : 'none'}.`
      : `What can be ignored here: ${[...always, ...more].join(', ')}.`
  return atValue([...path, 'ignore', at], { code: 'manifest/invalid-value', message, hint })
}
