import type { Path } from './manifest.ts'
import type { PathProblem } from './schema-problems.ts'

interface Rule {
  readonly message: string
  allows(value: string): boolean
}

const truth: Rule = {
  message: 'is true or false',
  allows: (value) => /^(true|false|on|off|yes|no|1|0|t|f|y|n)$/i.test(value),
}
const count: Rule = { message: 'is a whole number above 0', allows: (value) => /^0*[1-9]\d{0,8}$/.test(value) }
const port: Rule = {
  message: 'is a number from 1 to 65535',
  allows: (value) => /^\d{1,9}$/.test(value) && Number(value) >= 1 && Number(value) <= 65535,
}

/** Values that postgres_fdw takes as they are and stumbles over when it connects, or reads. */
const rules: ReadonlyMap<string, Rule> = new Map([
  ['port', port],
  ['fetch_size', count],
  ['batch_size', count],
  ...[
    'use_remote_estimate',
    'updatable',
    'truncatable',
    'async_capable',
    'keep_connections',
    'parallel_commit',
    'parallel_abort',
  ].map((name): [string, Rule] => [name, truth]),
])

/** What is wrong with the options of a server of postgres_fdw, as far as it can be known without the server. */
export function postgresFdwProblems(path: Path, options: Readonly<Record<string, string>>): readonly PathProblem[] {
  return Object.entries(options).flatMap(([name, value]): readonly PathProblem[] => {
    if (name === 'user') {
      const problem = {
        message: 'the option "user" belongs to a user mapping, not to the server',
        hint: 'Put it into user_mappings: { role: { user: … } }.',
      }
      return [{ path: [...path, name], atKey: true, problem }]
    }
    const rule = rules.get(name)
    // A reference may stay unresolved, for a check without the environment.
    if (!rule || rule.allows(value) || value.includes('${')) return []
    return [
      {
        path: [...path, name],
        atKey: false,
        problem: { message: `the option "${name}" ${rule.message}, not "${value}"` },
      },
    ]
  })
}
