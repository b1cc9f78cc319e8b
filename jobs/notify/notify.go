// Package notify tells people what happened: on the channels they chose, at the hour they allow, within their plan, once.
//
// Its rules are functions without a context: Plan (who hears when and how), Allow (what a plan includes), Fold (what became of
// a notification). It hides the fan-out, the bundles, the carriers and their order. Whatever changes something worth telling
// calls Announce in its own transaction: inbound and everything above it, and web for what concerns accounts.
package notify
