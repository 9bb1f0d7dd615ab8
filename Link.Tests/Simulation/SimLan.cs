namespace Link.Tests.Simulation;

/// <summary>One segment: announcements, probes, partitions, and a client that trusts the last announcement that it heard.</summary>
internal sealed class SimLan(Simulation sim)
{
    private const long VerdictUs = 500_000;
    private const long ProbeStepUs = 160_000;
    private const int Probes = 3;

    private readonly SimRandom _random = sim.Scenario.Draws.Fork();
    private readonly List<Question> _questions = [];

    /// <summary>Probability that one frame does not reach one receiver.</summary>
    public double Loss { get; set; }

    /// <summary>Where the client's ARP cache points, for each key; -1: nowhere yet. The client is on side 0.</summary>
    public int[] ClientCache { get; } = [.. Enumerable.Repeat(-1, sim.Scenario.KeyCount)];

    /// <summary>Since when no frame was lost and no side was apart.</summary>
    public long WholeSinceUs { get; private set; }

    public bool IsWhole => Loss == 0 && sim.Hosts.All(host => host.Side == 0);

    public bool Hears(SimHost one, SimHost other) => one.IsOnLan && other.IsOnLan && one.Side == other.Side;

    public void OnChanged() => WholeSinceUs = sim.Queue.NowUs;

    /// <summary>Gratuitous ARP, request and reply.</summary>
    public void Announce(SimHost from, int key)
    {
        if (!from.IsOnLan)
            return;
        if (from.Side == 0 && !_random.Chance(Loss))
            sim.Queue.After(DelayUs(), () => ClientCache[key] = from.Index);
        foreach (SimHost host in sim.Hosts)
        {
            if (host == from || !Hears(host, from) || _random.Chance(Loss))
                continue;
            sim.Queue.After(DelayUs(), () => host.Agent?.OnAnnouncement(key, from));
        }

        foreach (Question question in _questions.ToArray())
        {
            if (question.Key == key && question.Asker != from && Hears(question.Asker, from) && !_random.Chance(Loss))
                End(question, from.ToString());
        }
    }

    /// <summary>RFC 5227 probes: whoever has the address answers; of two that ask at the same time the lower MAC goes on.</summary>
    public void Ask(SimHost asker, int key, Action<string?> verdict)
    {
        var question = new Question(asker, key, verdict);
        _questions.Add(question);
        for (int i = 0; i < Probes; i++)
            sim.Queue.After(i * ProbeStepUs + _random.Between(0, 20_000), () => Probe(question));
        sim.Queue.After(VerdictUs, () => End(question, null));
    }

    private void Probe(Question question)
    {
        if (question.IsOver)
            return;
        foreach (SimHost host in sim.Hosts)
        {
            if (host == question.Asker || !Hears(host, question.Asker) || _random.Chance(Loss))
                continue;
            if (host.Kernel.Has(question.Key) && !_random.Chance(Loss))
            {
                sim.Queue.After(DelayUs() + DelayUs(), () =>
                {
                    // An answer is a rival's voice too, if the asker has the address itself.
                    question.Asker.Agent?.OnAnnouncement(question.Key, host);
                    End(question, host.ToString());
                });
            }
        }

        foreach (Question other in _questions.ToArray())
        {
            if (other.Key != question.Key || other.Asker.Index <= question.Asker.Index || !Hears(other.Asker, question.Asker) || _random.Chance(Loss))
                continue;
            sim.Count(Happening.AskersMet);
            End(other, question.Asker.ToString());
        }
    }

    private void End(Question question, string? by)
    {
        if (question.IsOver)
            return;
        question.IsOver = true;
        _questions.Remove(question);
        question.Verdict(by);
    }

    private long DelayUs() => _random.Between(50, 1_000);

    private sealed class Question(SimHost asker, int key, Action<string?> verdict)
    {
        public SimHost Asker { get; } = asker;

        public int Key { get; } = key;

        public Action<string?> Verdict { get; } = verdict;

        public bool IsOver { get; set; }
    }
}
