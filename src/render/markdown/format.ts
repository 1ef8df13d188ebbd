// The format "markdown": for the comment on a pull request.

import type { PlanFormat } from '../format.ts'
import { renderPlan } from './plan.ts'

export const markdownFormat: PlanFormat = {
  isDocument: true,
  plan: renderPlan,
}
