package conflict

func Settle(base, local, remote Fields, of func(field string) Strategy) Settled { return Settled{Fields: local} }
