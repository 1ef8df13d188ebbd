// The attribute `ignore`: the parts of an object that something else manages.

import type { Ignoring } from '../../core/ignored.ts'

export type { Ignoring }

export function declaredIgnore({ ignore }: { readonly ignore?: readonly string[] }): Ignoring {
  return ignore && ignore.length > 0 ? { ignore } : {}
}

/** On a server, `user_mappings.ROLE.OPTION` is about a user mapping. */
const ofMappings = 'user_mappings.'

/** What a server ignores of itself. */
export function declaredIgnoreOfServer({ ignore = [] }: { readonly ignore?: readonly string[] }): Ignoring {
  return declaredIgnore({ ignore: ignore.filter((name) => !name.startsWith(ofMappings)) })
}

/** What a server ignores of the user mapping of a role. */
export function declaredIgnoreOfMapping(
  { ignore = [] }: { readonly ignore?: readonly string[] },
  role: string,
): Ignoring {
  const prefix = `${ofMappings}${role}.`
  return declaredIgnore({
    ignore: ignore.flatMap((name) => (name.startsWith(prefix) ? [`options.${name.slice(prefix.length)}`] : [])),
  })
}
