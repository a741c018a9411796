import { closed } from '../contracts/methods.js'

export const noParamsSchema = closed<object>({})
