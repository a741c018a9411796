import './repository.spec.js'
import './docs.spec.js'
import './conformance.spec.js'
