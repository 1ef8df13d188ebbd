// The policy of a manifest: which hazards it allows, and which ones it never allows.

import { type Hazard, hazardsToAllow, mustBeAllowed } from './plan.ts'

export interface Policy {
  /** Hazards that need no `--allow`. */
  readonly allow?: readonly string[]
  /** Hazards that are refused even with `--allow`. */
  readonly never?: readonly string[]
  /** Roles for which `--auto-approve` allows all other hazards, too. */
  readonly auto_approve?: readonly string[]
}

/** The hazards of a change, with the decisions of the policy. */
export function underPolicy(hazards: readonly Hazard[], policy: Policy = {}): readonly Hazard[] {
  const { allow = [], never = [], auto_approve: approvers = [] } = policy
  const has = (names: readonly string[], { name }: Hazard) => names.includes(name)
  return hazards.map((hazard) => {
    if (has(never, hazard)) return { ...hazard, policy: 'never' }
    if (has(allow, hazard)) return { ...hazard, policy: 'allowed' }
    return approvers.length > 0 && mustBeAllowed(hazard) ? { ...hazard, approvers } : hazard
  })
}

export interface Applying {
  /** The hazards that `--allow` names. */
  readonly allow: readonly string[]
  /** `--auto-approve`. */
  readonly unattended: boolean
  /** The role that applies. */
  readonly role: string
}

/** The hazards that an apply may take. */
export function allowedHazards(
  { allow = [], never = [], auto_approve: roles = [] }: Policy = {},
  applying: Applying,
): readonly string[] {
  const all = applying.unattended && roles.includes(applying.role) ? hazardsToAllow : []
  return [...applying.allow, ...allow, ...all].filter((name) => !never.includes(name))
}
