import type { ChalkInstance } from 'chalk'
import type { ApplyEvent } from '../core/plan.ts'

export function renderEvent(event: ApplyEvent, _options: { readonly style: ChalkInstance }): string | undefined {
  return JSON.stringify(event)
}
