// The secrets of a script: psql variables, named after the object and its option, such as `shop_public_password`.

import { idOf, type ObjectId } from '../../core/object.ts'
import type { PlainStep } from '../../core/plan.ts'
import type { Statement } from '../../core/sql.ts'

export interface SecretVariables {
  readonly names: readonly string[]
  /** The name for an option of the object of a step. */
  nameOf(step: PlainStep, option: string): string
}

const mark = /([a-z_][a-z0-9_]*|"(?:[^"]|"")*") %\d+\$L/g

/** An option of one object has one value in a plan, however many statements set it. */
export function nameSecrets(steps: readonly PlainStep[]): SecretVariables {
  const names = new Map<string, string>()
  for (const step of steps) {
    for (const { sql, secrets } of step.statements) {
      if (secrets.length === 0) continue
      for (const [, option = ''] of sql.matchAll(mark)) {
        const key = keyOf(step, option)
        if (!names.has(key)) names.set(key, uniqueName(step, option, new Set(names.values())))
      }
    }
  }
  return {
    names: [...names.values()],
    nameOf: (step, option) => names.get(keyOf(step, option)) ?? '',
  }
}

function keyOf({ key }: PlainStep, option: string): string {
  return JSON.stringify([key, option])
}

function uniqueName(step: PlainStep, option: string, taken: ReadonlySet<string>): string {
  const words = [...wordsOf(idOf(step.key)), option].join('_').toLowerCase()
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
export function withVariables(step: PlainStep, { sql, secrets }: Statement, { nameOf }: SecretVariables): string {
  if (secrets.length === 0) return sql
  const named = sql.replace(mark, (_found, option: string) => `${option} :'${nameOf(step, option)}'`)
  return named.replaceAll('%%', '%')
}
