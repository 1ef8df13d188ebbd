// Which options of wrappers, servers, user mappings, foreign tables and columns are secrets.

/**
 * The options of user mappings that are not secrets. Every other option of any wrapper is treated as a secret: hiding a
 * user name does less harm than showing a token.
 */
export const plainMappingOptions = [
  'user',
  'username',
  'user_name',
  'remote_user',
  'password_required',
  'sslcert',
  'sslkey',
  'use_scram_passthrough',
  'gssdelegation',
] as const

/** Whether an option of a user mapping is a secret. */
export function isSecretMappingOption(name: string): boolean {
  return !plainMappingOptions.some((plain) => plain === name)
}

const separator = '[-_. ]?'
const secretName = new RegExp(
  [
    '(?<!by)pass(?:word|wd|phrase|code)',
    '(?<![a-z])pass(?![a-z]|[-_. ]?through)',
    '(?:user|login|db)pass(?![a-z])',
    '(?<![a-z])(?:pw|pin|sig|cookies?)(?![a-z])',
    'pwd',
    'secret',
    'token(?!i[sz])',
    'credential',
    `(?:api|access|account|private|auth|encryption|signing|shared|master|licen[cs]e|subscription|storage)${separator}key`,
    `conn(?:ection)?${separator}str`,
    'authorization',
    'bearer',
    '(?<![a-z])jwt',
  ].join('|'),
)

/** Switches, and what is only the name, the place or a property of a secret. */
const notSecret = new RegExp(
  '^(?:use|uses|has|is|allow|require|requires|enable|disable|no|max|min|skip)[-_. ]|' +
    '(?:[-_. ]|(?<=key|token|password|secret|credentials?))' +
    '(?:required|enabled|file|files|path|dir|directory|folder|ids?|name|arn|ur[il]|endpoint|host|port|type|kind|method|mode|' +
    'encryption|policy|expiry|expires|ttl|timeout|lifetime|length|count|limit|algorithm|format|header|column|field|prefix|version|provider|store)$',
)

/** Whether an option's name suggests that its value is a secret. */
export function soundsSecret(name: string): boolean {
  const words = name.replace(/(?<=[a-z])(?=[A-Z])/g, '_').toLowerCase()
  return secretName.test(words) && !notSecret.test(words)
}

/** The names of identifiers at the source: their values are no secrets, whatever they look like. */
const identifier = /(?:^|[-_. ])(?:schema|table|column|database|dbname|collection|layer|relation)(?:[-_. ]?name)?$/i

/**
 * Whether a value contains a secret: `user:password@`, `password=…`, a private key, or an Authorization header. A value can be as
 * long as a file, and a stranger can have chosen it. So no pattern may begin at each character of a long word.
 */
export function containsSecret(value: string): boolean {
  return (
    hasUserAndPassword(value) ||
    /\/\/[^\s/@?#]*:(?!\d+(?:[/?#]|$))[^@]+@/.test(value.slice(0, value.lastIndexOf('@') + 1)) ||
    /-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(value) ||
    /\b(?:bearer|basic)\s+[\w+/=.~-]{6,}/i.test(value) ||
    assignments(value).some(soundsSecret)
  )
}

/** The text before an `@`, from the last blank or slash. */
const beforeAt = /(?<![^\s/@])([^\s/@]+)@(?:[^\s@]|$)/g

/** `user:password@`, but not `a::b@`. */
function hasUserAndPassword(value: string): boolean {
  return Array.from(value.matchAll(beforeAt)).some(([, before = '']) => /(?:^|[^:]):[^:]/.test(before))
}

/** The secrets in a value that has other parts too, such as a connection string, of which messages quote parts. */
export function secretsWithin(value: string): readonly string[] {
  const passwords = Array.from(
    value.matchAll(beforeAt),
    ([, before = '']) => /(?<!:):([^:].*)$/s.exec(before)?.[1] ?? '',
  )
  const tokens = Array.from(value.matchAll(/\b(?:bearer|basic)\s+(\S+)/gi), ([, token = '']) => token)
  const assigned = Array.from(
    value.matchAll(/(?<![\w.-])([\w.-]+)["']?\s*[=:]\s*(?:"([^"]*)"|'([^']*)'|([^\s;&,]+))/g),
    (found) => (soundsSecret(found[1] ?? '') ? [found[2] ?? found[3] ?? found[4] ?? ''] : []),
  )
  return [...passwords, ...tokens, ...assigned.flat()]
}

/** The names in `name=value`, `name = value` and `"name": "value"`. SQL compares with blanks around the sign. */
function assignments(value: string): readonly string[] {
  const isSql = /^\s*\(?\s*(?:select|with|table|values)\b/i.test(value)
  const pattern = isSql ? /(?<![\w.-])([\w.-]+)=[^\s=]/g : /(?<![\w.-])([\w.-]+)["']?\s*(?:=|:(?=\s|["']))\s*[^\s=]/g
  return Array.from(value.matchAll(pattern), ([, name = '']) => name)
}

/**
 * Whether an option of a wrapper, a server, a foreign table or a column is a secret.
 * @param named the options that the manifest calls secret (`secret_options`)
 */
export function isSecretOption(name: string, value: string, named: readonly string[] = []): boolean {
  if (named.includes(name) || soundsSecret(name)) return true
  return !identifier.test(name) && containsSecret(value)
}

/** What a declaration in the ledger calls secret. */
export function secretOptionsOf(declared: unknown): readonly string[] {
  const named =
    typeof declared === 'object' && declared !== null && 'secretOptions' in declared
      ? declared.secretOptions
      : undefined
  return Array.isArray(named) ? named.map(String) : []
}
