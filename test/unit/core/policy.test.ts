// What a policy allows, with and without --allow and --auto-approve.

import { describe, expect, test } from 'vitest'
import { reasonsToRefuse } from '../../../src/api/apply.ts'
import { type Applying, allowedHazards, type Policy, underPolicy } from '../../../src/core/policy.ts'
import { permissionText } from '../../../src/render/text/permission.ts'
import { drop, planWith } from '../render/samples.ts'

const applying: Applying = { allow: [], unattended: false, role: 'deployer' }

describe('an apply may take', () => {
  test.each<[string, Policy | undefined, Partial<Applying>, readonly string[]]>([
    ['what --allow names', undefined, { allow: ['drops-data'] }, ['drops-data']],
    ['what the policy allows', { allow: ['exposes-secret'] }, {}, ['exposes-secret']],
    ['nothing that is never allowed', { never: ['drops-data'] }, { allow: ['drops-data'] }, []],
    ['nothing that is both', { allow: ['drops-data'], never: ['drops-data'] }, {}, []],
    [
      'everything else, as a role for which --auto-approve is enough',
      { never: ['exposes-secret'], auto_approve: ['deployer'] },
      { unattended: true },
      ['untrusted-code', 'drops-data', 'drops-dependents'],
    ],
    ['no more without --auto-approve', { auto_approve: ['deployer'] }, {}, []],
    ['no more as another role', { auto_approve: ['deployer'] }, { unattended: true, role: 'me' }, []],
  ])('%s', (_, policy, given, expected) => {
    expect(allowedHazards(policy, { ...applying, ...given })).toEqual(expected)
  })
})

test.each<[Policy, string]>([
  [{}, 'needs --allow drops-data'],
  [{ auto_approve: ['deployer', 'ci'] }, 'needs --allow drops-data, or --auto-approve as deployer, ci'],
  [{ allow: ['drops-data'] }, 'allowed by the policy (drops-data)'],
  [{ never: ['drops-data'], auto_approve: ['deployer'] }, 'never allowed by the policy (drops-data)'],
])('under the policy %j, a plan has: %s', (policy, shown) => {
  const [hazard] = underPolicy([{ name: 'drops-data', detail: 'its data is lost' }], policy)
  expect(hazard && permissionText(hazard)).toBe(shown)
})

test('a plan is refused for a hazard that is never allowed, whatever is allowed', () => {
  const hazards = [{ name: 'drops-data', detail: 'its data is lost' }] as const
  const reasons = (policy: Policy, allow: readonly string[]) => {
    const change = {
      ...drop({ kind: 'materializedView', schema: 's', name: 'v' }),
      hazards: underPolicy(hazards, policy),
    }
    return reasonsToRefuse(planWith({ changes: [change] }), allow).map(({ hint }) => hint)
  }
  expect(reasons({}, [])).toEqual(['To accept this: --allow drops-data'])
  expect(reasons({}, ['drops-data'])).toEqual([])
  expect(reasons({ allow: ['drops-data'] }, [])).toEqual([])
  expect(reasons({ never: ['drops-data'] }, ['drops-data'])).toEqual([
    'The policy of the manifest never allows drops-data.',
  ])
})
