using Link.Core.Election;
using Xunit;

namespace Link.Tests.Election;

/// <summary>Feeds one Elector by hand: time, inputs, and the effects of the last step.</summary>
internal sealed class ElectorDriver
{
    public const long Lease = 7;
    public const long Theirs = 8;
    public const string Key = "10.0.0.1_32";
    public const string Id = "vip-1";

    private long _revision = 100;

    public ElectorDriver(EtcdLossPolicy policy = EtcdLossPolicy.Claim, ElectorOptions? options = null)
    {
        Policy = policy;
        Options = options ?? new ElectorOptions { Hostname = "b", Instance = "b#2", KeepAliveIntervalMs = 1_000 };
        Elector = new Elector(Options, NowMs, new Random(1));
    }

    public ElectorOptions Options { get; }

    public EtcdLossPolicy Policy { get; }

    public Elector Elector { get; }

    public long NowMs { get; private set; } = 1_000_000;

    public List<ElectorEffect> Effects { get; } = [];

    public Endpoint Endpoint => Elector.Endpoints[Id];

    public EndpointState State => Endpoint.State;

    public static EndpointSpec Spec(EtcdLossPolicy policy, int number = 1) => new($"vip-{number}", number == 1 ? Key : $"key-{number}", policy);

    /// <summary>One input now; <see cref="Effects"/> are those of this step.</summary>
    public ElectorDriver Give(ElectorInput input)
    {
        Effects.Clear();
        Elector.Step(NowMs, input, Effects);
        return this;
    }

    /// <summary>Lets time pass with a tick whenever the Elector wants one; <see cref="Effects"/> are those of all of them.</summary>
    /// <param name="renew">etcd answers every renewal at once.</param>
    public ElectorDriver Wait(long ms, bool renew = true)
    {
        Effects.Clear();
        long endMs = NowMs + ms;
        while (Elector.NextWakeMs <= endMs)
        {
            NowMs = Math.Max(NowMs, Elector.NextWakeMs);
            int from = Effects.Count;
            Elector.Step(NowMs, ElectorInput.Tick.Instance, Effects);
            for (int i = from; i < Effects.Count; i++)
            {
                if (Effects[i] is ElectorEffect.RenewLease renewal)
                    Elector.Step(NowMs, renew ? Renewed(renewal.LeaseId) : new ElectorInput.LeaseRenewalFailed(renewal.LeaseId, "timeout"), Effects);
            }
        }

        NowMs = endMs;
        return this;
    }

    /// <summary>The process did not run for this long.</summary>
    public ElectorDriver Sleep(long ms)
    {
        NowMs += ms;
        return this;
    }

    /// <summary>From the start to a serving agent with one endpoint, whose lock transaction is on its way.</summary>
    public ElectorDriver Serve(bool drained = false)
    {
        Give(ElectorInput.Tick.Instance);
        Give(new ElectorInput.HostLoaded(null, null, false, drained, [Spec(Policy)]));
        Give(new ElectorInput.LeaseGranted(Lease, 5, NowMs));
        return Give(new ElectorInput.HostWritten(Lease, 1));
    }

    /// <summary>Serving, and holding the lock; <paramref name="others"/> compete.</summary>
    public ElectorDriver Hold(params string[] others)
    {
        Serve();
        return Answer(Ours, [Options.Hostname, .. others]);
    }

    /// <summary>Serving, while <c>a</c> holds the lock.</summary>
    public ElectorDriver StandBy()
    {
        Serve();
        return Answer(LockOf("a"), ["a", "b", "c"], applied: false);
    }

    public LockView Ours => new(Options.Hostname, Elector.LeaseId, ++_revision);

    public LockView LockOf(string host) => new(host, Theirs, ++_revision);

    public long NextRevision() => ++_revision;

    public ElectorInput Renewed(long leaseId) => new ElectorInput.LeaseRenewed(leaseId, 5, NowMs);

    /// <summary>etcd's answer to the transaction under way.</summary>
    public ElectorDriver Answer(LockView? held, string[] competitors, bool applied = true)
    {
        Assert.NotEqual(0, Endpoint.Token);
        return Give(new ElectorInput.Transacted(Endpoint.Token, applied, held, competitors, ++_revision));
    }

    public ElectorDriver Answer(LockView? held, bool applied = true) => Answer(held, ["a", "b", "c"], applied);

    public ElectorDriver Fail() => Give(new ElectorInput.TransactionFailed(Endpoint.Token, "timeout"));

    public ElectorDriver SeeLock(LockView held) => Give(new ElectorInput.LockPut(Key, held));

    public ElectorDriver SeeFree() => Give(new ElectorInput.LockDeleted(Key, ++_revision));

    public T Only<T>()
        where T : ElectorEffect => Assert.Single(Effects.OfType<T>());

    public bool Did<T>()
        where T : ElectorEffect => Effects.OfType<T>().Any();

    public LockOperation Sent() => Only<ElectorEffect.Transact>().Transaction.Operation;

    public (AnswerStatus Status, string? Reason) Answered(long id)
    {
        ElectorEffect.Answer answer = Assert.Single(Effects.OfType<ElectorEffect.Answer>(), a => a.CommandId == id);
        return (answer.Status, answer.Reason);
    }
}
