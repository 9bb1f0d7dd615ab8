using Link.Core.Election;

namespace Link.Tests.Simulation;

/// <summary>What may not last: looked at every 50 ms.</summary>
internal sealed partial class Invariants
{
    private void Sample()
    {
        _sim.Queue.After(SampleUs, Sample);
        IReadOnlyList<SimHost> hosts = _sim.Hosts;
        for (int key = 0; key < _sim.Scenario.KeyCount; key++)
        {
            bool nobody = true;
            foreach (SimHost host in hosts)
                nobody &= !Holds(host, key);
            for (int a = 0; a < hosts.Count; a++)
            {
                SampleNobody(hosts[a], key, nobody);
                for (int b = 0; b < a; b++)
                    SampleOverlap(hosts[b], hosts[a], key);
            }
        }

        foreach (SimHost host in hosts)
            SampleStart(host);
        CheckCommands();
    }

    private void SampleOverlap(SimHost a, SimHost b, int key)
    {
        int at = (a.Index * (_sim.Scenario.HostCount + 1) + b.Index) * _sim.Scenario.KeyCount + key;
        SampleOnLan(a, b, key, ref _lanOverlapUs[at]);
        ref long since = ref _overlapUs[at];
        if (!a.Kernel.Has(key) || !b.Kernel.Has(key) || !IsClear(a) || !IsClear(b))
        {
            since = NotSince;
            return;
        }

        bool linkLate = (a.RunsLink && !OwnsLock(a, key)) || (b.RunsLink && !OwnsLock(b, key));
        // Each move in its turn: the lock may come back to LinK's agent before it has noticed that it was gone.
        if (_linkLate[at] != linkLate)
            since = NotSince;
        _linkLate[at] = linkLate;
        since = Math.Min(since, NowUs);
        long bound = linkLate ? Tolerances.TwoHoldersWithLinkUs : Tolerances.TwoHoldersUs;
        if (MayShareALease(a, b))
            bound = Tolerances.SharedLeaseUs;
        bool claimed = a.Agent?.Endpoint(key)?.ClaimedOnLan == true || b.Agent?.Endpoint(key)?.ClaimedOnLan == true;
        if (claimed)
        {
            bool hear = _sim.Lan.IsWhole && a.IsOnLan && b.IsOnLan;
            long heardSince = Math.Max(since, Math.Max(_sim.Lan.WholeSinceUs, Math.Max(a.DisturbedUs, b.DisturbedUs)));
            bound = hear ? heardSince - since + Tolerances.RivalUs + Tolerances.TwoHoldersWithLinkUs : Tolerances.ClaimGraceUs;
        }

        if (claimed && (!OwnsLock(a, key) || !OwnsLock(b, key)))
            _sim.Count(Happening.ClaimGraceUsed);
        Longer(claimed ? TwoHolders + ", claimed" : linkLate ? TwoHolders + ", LinK late" : TwoHolders, NowUs - since, bound);
        if (NowUs - since > bound)
            throw new Violation(TwoHolders, $"{a} and {b} have k{key} for {(NowUs - since) / 1000} ms (bound {bound / 1000} ms)");
    }

    /// <summary>etcd or no etcd: hosts whose announcements reach each other do not stay two.</summary>
    private void SampleOnLan(SimHost a, SimHost b, int key, ref long since)
    {
        if (!a.Kernel.Has(key) || !b.Kernel.Has(key) || !HearsRivals(a) || !HearsRivals(b) || !_sim.Lan.IsWhole)
        {
            since = NotSince;
            return;
        }

        since = Math.Min(since, NowUs);
        Longer(TwoOnLan, NowUs - since, Tolerances.TwoOnLanUs);
        if (NowUs - since > Tolerances.TwoOnLanUs)
            throw new Violation(TwoOnLan, $"{a} and {b} have k{key} for {(NowUs - since) / 1000} ms");
    }

    private static bool HearsRivals(SimHost host) => host.IsOnLan && host.IsAwake && host.Agent is { IsServing: true };

    private void SampleNobody(SimHost host, int key, bool nobody)
    {
        int at = host.Index * _sim.Scenario.KeyCount + key;
        bool could = nobody && CouldHold(host, key);
        bool mayClaim = could && _sim.Scenario.Policy(host.Index, key) == EtcdLossPolicy.Claim;
        could &= host.Etcd.IsClear && !OwnerIsInTrouble(key);
        if (!could)
            _noneUs[at] = NotSince;
        if (!mayClaim)
            _noneClaimUs[at] = NotSince;
        if (!could && !mayClaim)
        {
            _leaderChanges[at] = _sim.Etcd.LeaderChanges;
            return;
        }

        long extra = (_sim.Etcd.LeaderChanges - _leaderChanges[at]) * (Tolerances.TtlUs + 2_000_000);
        if (could)
        {
            _noneUs[at] = Math.Min(_noneUs[at], NowUs);
            CheckNobody(host, key, NowUs - _noneUs[at], Tolerances.NobodyUs + extra, "");
            if (_sim.Scenario.Kind == ScenarioKind.Mild && _sim.Warm)
                CheckMild(host, key, NowUs - _noneUs[at]);
        }

        if (mayClaim)
        {
            _noneClaimUs[at] = Math.Min(_noneClaimUs[at], NowUs);
            CheckNobody(host, key, NowUs - _noneClaimUs[at], Tolerances.NobodyClaimsUs + extra, ", may claim");
        }
    }

    /// <summary>
    /// A host that has the lock keeps its lease, but loses so many requests that it cannot join or give the lock away. Nobody else may
    /// take it then: the lease is what etcd's word is worth.
    /// </summary>
    private bool OwnerIsInTrouble(int key)
    {
        if (_sim.Etcd.Lock(Simulation.KeyName(key)) is not { } held)
            return false;
        foreach (SimHost host in _sim.Hosts)
        {
            if (host.Name == held.Holder && host.IsAwake && (host.Etcd.Loss != default || NowUs < host.Etcd.TroubleUntilUs))
                return true;
        }

        return false;
    }

    private void CheckMild(SimHost host, int key, long lasted)
    {
        bool breaksFirst = Enumerable.Range(0, _sim.Scenario.HostCount).Any(other => _sim.Scenario.Policy(other, key) == EtcdLossPolicy.Release);
        if (breaksFirst)
            CheckNobody(host, key, lasted, Tolerances.NobodyMildReleaseUs, ", mild, release");
        else
            CheckNobody(host, key, lasted, Tolerances.NobodyMildUs, ", mild");
    }

    private void CheckNobody(SimHost host, int key, long lasted, long bound, string kind)
    {
        Longer(Nobody + kind, lasted, bound);
        if (lasted > bound)
            throw new Violation(Nobody, $"nobody has k{key} for {lasted / 1000} ms (bound {bound / 1000} ms{kind}); {host} could");
    }

    private void SampleStart(SimHost host)
    {
        if (host.Agent is not { IsPaused: false, IsServing: false } || !host.HasPower || host.IsFrozen || !host.Etcd.IsClear)
        {
            _startUs[host.Index] = NotSince;
            return;
        }

        // As long as its namesake answers.
        if (_answeredUs.TryGetValue(host.Agent, out long answered) && NowUs - answered < Tolerances.NamesakeUs)
            _startUs[host.Index] = NotSince;
        _startUs[host.Index] = Math.Min(_startUs[host.Index], NowUs);
        long bound = Tolerances.StartUs + _sim.NamesakeUs;
        Longer(Starts, NowUs - _startUs[host.Index], bound);
        if (NowUs - _startUs[host.Index] > bound)
            throw new Violation(Starts, $"{host} reaches etcd for {(NowUs - _startUs[host.Index]) / 1000} ms and does not serve");
    }
}
