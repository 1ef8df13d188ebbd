// The secrets of a script: psql variables, named after the object and its option, such as `shop_public_password`.

import { idOf, type Key, type ObjectId } from '../../core/object.ts'
import type { Statement } from '../../core/sql.ts'

/** Statements about one object. */
interface OfObject {
  readonly key: Key
  readonly statements: readonly Statement[]
}

export interface SecretVariables {
  readonly names: readonly string[]
  /** The name for an option of an object. */
  nameOf(object: Pick<OfObject, 'key'>, option: string): string
}

const mark = /([a-z_][a-z0-9_]*|"(?:[^"]|"")*") %\d+\$L/g

/** An option of one object has one value in a plan, however many statements set it. */
export function nameSecrets(all: readonly OfObject[]): SecretVariables {
  const names = new Map<string, string>()
  for (const each of all) {
    for (const { sql, secrets } of each.statements) {
      if (secrets.length === 0) continue
      for (const [, option = ''] of sql.matchAll(mark)) {
        const key = keyOf(each, option)
        if (!names.has(key)) names.set(key, uniqueName(each, option, new Set(names.values())))
      }
    }
  }
  return {
    names: [...names.values()],
    nameOf: (object, option) => names.get(keyOf(object, option)) ?? '',
  }
}

function keyOf({ key }: Pick<OfObject, 'key'>, option: string): string {
  return JSON.stringify([key, option])
}

function uniqueName({ key }: OfObject, option: string, taken: ReadonlySet<string>): string {
  const words = [...wordsOf(idOf(key)), option].join('_').toLowerCase()
  const plain = words.replace(/[^a-z0-9]+/g, '_').replace(/^_+|_+$/g, '') || 'secret'
  const name = /^\d/.test(plain) ? `_${plain}` : plain
  for (let number = 1; ; number++) {
    const candidate = number === 1 ? name : `${name}_${number}`
    if (!taken.has(candidate)) return candidate
  }
}

function wordsOf(id: ObjectId | undefined): readonly string[] {
  if (id === undefined) return []
  if (id.kind === 'userMapping') return [id.server, id.role ?? 'public']
  return 'schema' in id ? [id.schema, id.name] : [id.name]
}

/** The statement with a variable in the place of each secret: see {@link Statement}. */
export function withVariables(
  object: Pick<OfObject, 'key'>,
  { sql, secrets }: Statement,
  { nameOf }: SecretVariables,
): string {
  if (secrets.length === 0) return sql
  const named = sql.replace(mark, (_found, option: string) => `${option} :'${nameOf(object, option)}'`)
  return named.replaceAll('%%', '%')
}
