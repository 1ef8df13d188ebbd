// Checks the options of programs, which types do not check in JavaScript, and numbers not at all.

import { usageError } from '../core/errors.ts'
import { hazardsToAllow } from '../core/plan.ts'
import { refreshStrategies } from '../core/refresh-policy.ts'

/** The options of which some values would only fail later, with an error about something else. */
interface CheckedOptions {
  readonly jobs?: number | undefined
  readonly allow?: readonly string[] | undefined
  readonly strategy?: string | undefined
  readonly timeoutMilliseconds?: number | undefined
  readonly sourceTimeoutMilliseconds?: number | undefined
  readonly lockTimeoutMilliseconds?: number | undefined
  readonly leaseTimeoutMilliseconds?: number | undefined
}

/** @throws FdwsyncError that names the option, its value and what is possible */
export function checkOptions(options: CheckedOptions): void {
  const { jobs = 1, allow = [], strategy } = options
  if (!Number.isInteger(jobs) || jobs < 1) throw usageError(`jobs must be a whole number from 1, not ${jobs}`)
  for (const name of ['timeoutMilliseconds', 'sourceTimeoutMilliseconds'] as const) {
    const { [name]: value = 1 } = options
    if (!(value > 0)) throw usageError(`${name} must be greater than 0, not ${value}`)
  }
  // These may be 0: not to wait.
  for (const name of ['lockTimeoutMilliseconds', 'leaseTimeoutMilliseconds'] as const) {
    const { [name]: value = 0 } = options
    if (!(value >= 0)) throw usageError(`${name} must be at least 0, not ${value}`)
  }
  requireOneOf('allow', allow, hazardsToAllow)
  requireOneOf('strategy', strategy === undefined ? [] : [strategy], refreshStrategies)
}

function requireOneOf(name: string, given: readonly string[], known: readonly string[]): void {
  const unknown = given.find((each) => !known.includes(each))
  if (unknown !== undefined) throw usageError(`${name} must be one of ${known.join(', ')}, not "${unknown}"`)
}
