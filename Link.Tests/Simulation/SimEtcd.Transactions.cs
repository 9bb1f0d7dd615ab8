using Link.Core.Election;

namespace Link.Tests.Simulation;

/// <summary>The transactions, as <see cref="LockOperation"/> says.</summary>
internal sealed partial class SimEtcd
{
    /// <summary>Null: etcd refuses, because the lease to be attached does not exist.</summary>
    public ElectorInput.Transacted? Transact(string host, LockTransaction transaction, EndpointSpec? record)
    {
        LockCell cell = LockOf(transaction.Key);
        bool free = cell.Lock == null;
        bool ours = cell.Lock?.LeaseId == transaction.LeaseId;
        bool taking = transaction.Operation is LockOperation.Take or LockOperation.Create && free;
        bool fromDead = transaction.Operation is LockOperation.TakeFromDead or LockOperation.Inherit && cell.Lock is { } dead
            && dead.LeaseId == transaction.OtherLeaseId && dead.Revision == transaction.SeenRevision;
        if ((taking || fromDead) && !HasLease(transaction.LeaseId))
            return null;
        bool applied = true;
        switch (transaction.Operation)
        {
            case LockOperation.Take or LockOperation.Observe or LockOperation.Create or LockOperation.CreateOnly:
                bool creates = transaction.Operation is LockOperation.Create or LockOperation.CreateOnly && !Cell(host).Records.Contains(record!);
                bool competes = !cell.Competitors.Contains(host);
                applied = transaction.Operation is LockOperation.Observe or LockOperation.CreateOnly || taking;
                if (!creates && !competes && !taking)
                    break;
                Revision++;
                if (creates)
                    Cell(host).Records.Add(record!);
                if (competes)
                    PutCompetitor(transaction.Key, cell, host);
                if (taking)
                {
                    _sim.Count(Happening.TakenOnEvent);
                    PutLock(transaction.Key, cell, host, transaction.LeaseId);
                }

                break;
            case LockOperation.Release:
                applied = ours;
                if (!ours)
                    break;
                Revision++;
                DeleteLock(transaction.Key, cell);
                PutCompetitor(transaction.Key, cell, host);
                break;
            case LockOperation.HandTo:
                HostCell target = Cell(transaction.TargetHost!);
                applied = ours && cell.Competitors.Contains(transaction.TargetHost!) && target.Instance != null && target.InstanceLease == transaction.OtherLeaseId && HasLease(transaction.OtherLeaseId);
                if (!applied)
                    break;
                Revision++;
                PutLock(transaction.Key, cell, transaction.TargetHost!, transaction.OtherLeaseId);
                break;
            case LockOperation.Remove:
                applied = ours;
                Revision++;
                if (ours)
                    DeleteLock(transaction.Key, cell);
                if (cell.Competitors.Remove(host))
                    Tell(null, new ElectorInput.CompetitorChanged(transaction.Key, host, Present: false, Revision));
                Cell(host).Records.RemoveAll(spec => spec.Id == transaction.EndpointId);
                break;
            case LockOperation.TakeFromDead or LockOperation.Inherit:
                applied = fromDead;
                if (!fromDead)
                    break;
                Revision++;
                _sim.Count(Happening.TakenFromDead);
                PutLock(transaction.Key, cell, host, transaction.LeaseId);
                break;
        }

        return new ElectorInput.Transacted(transaction.Token, applied, cell.Lock, [.. cell.Competitors], Revision);
    }

    /// <summary>LinK's way of leaving: the lock goes if it is ours, and nobody is told.</summary>
    public void DeleteLockIfOurs(string key, long leaseId)
    {
        LockCell cell = LockOf(key);
        if (cell.Lock?.LeaseId != leaseId)
            return;
        Revision++;
        DeleteLock(key, cell);
    }

    /// <summary>False: the lease is gone.</summary>
    public bool WriteHost(string host, string? instance, long leaseId, bool drained, string? reach = null)
    {
        if (!HasLease(leaseId))
            return false;
        HostCell cell = Cell(host);
        Revision++;
        cell.LeaseId = leaseId;
        if (instance == null)
            return true;
        cell.Drained = drained;
        cell.Instance = instance;
        cell.InstanceLease = leaseId;
        cell.Reach = reach;
        cell.SaysStopped = false;
        cell.IsForged = false;
        Tell(host, new ElectorInput.AgentKeyChanged(instance, Revision, leaseId, reach));
        return true;
    }

    private void PutLock(string key, LockCell cell, string host, long leaseId)
    {
        cell.Lock = new LockView(host, leaseId, Revision);
        _sim.Log($"etcd: r{Revision} {key} -> {host} lease {leaseId}");
        Tell(null, new ElectorInput.LockPut(key, cell.Lock.Value));
    }

    private void DeleteLock(string key, LockCell cell)
    {
        cell.Lock = null;
        _sim.Log($"etcd: r{Revision} {key} free");
        Tell(null, new ElectorInput.LockDeleted(key, Revision));
    }

    private void PutCompetitor(string key, LockCell cell, string host)
    {
        cell.Competitors.Add(host);
        Tell(null, new ElectorInput.CompetitorChanged(key, host, Present: true, Revision));
    }
}
