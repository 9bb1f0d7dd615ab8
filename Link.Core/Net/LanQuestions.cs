using Link.Core.Net.Linux;
using static Link.Core.Net.Linux.IfArp;

namespace Link.Core.Net;

/// <summary>
/// Asks the LAN whether anybody uses an address: three probes within 300 ms, the verdict 200 ms after the last. RFC 5227 waits
/// for seconds, for networks that come up slowly; a failover cannot, and here the interface is up already.
/// </summary>
internal sealed class LanQuestions(LinkTable links, LanWatch watch, IFrameSender sender, MulticastGroups? groups = null) : IDisposable
{
    public const int Probes = 3;
    public const int ProbeIntervalMs = 150;
    public const int LastWaitMs = 200;

    /// <summary>From the first probe to the verdict, when nothing holds the probes up.</summary>
    public const int WindowMs = ((Probes - 1) * ProbeIntervalMs) + LastWaitMs;

    private const int Burst = 200;
    private const int FramesPerSecond = 1000;

    private readonly Dictionary<HostAddress, Question> _questions = [];
    private readonly PriorityQueue<Question, long> _due = new();
    private readonly Dictionary<string, TokenBucket> _buckets = new(StringComparer.Ordinal);
    private readonly byte[] _frame = new byte[NeighbourPacket.MaxSize];

    /// <summary>When <see cref="Tick"/> has something to do; null = never.</summary>
    public long? NextDueMs => _due.TryPeek(out _, out var due) ? due : null;

    public int Count => _questions.Count;

    /// <summary>Asks. An address that is being asked about already gets no second question, only a second listener.</summary>
    /// <param name="answer">Called once, from here or from a later call on this thread.</param>
    public void Ask(HostAddress address, string interfaceName, long nowMs, Action<LanAnswer> answer)
    {
        if (_questions.TryGetValue(address, out var question))
        {
            question.Answer += answer;
            return;
        }

        var fault = links.Fault(interfaceName);
        if (fault is null && !links.TryFindSpeaking(interfaceName, out _))
            fault = $"{interfaceName} has no neighbours to ask";
        if (fault is not null)
        {
            answer(new LanAnswer(address, LanVerdict.Unknown, Reason: fault));
            return;
        }

        question = new Question(address, interfaceName, links.Find(interfaceName)!.Index, answer);
        if (watch.ProbedSince(address, nowMs - WindowMs) is { } other && GoesFirst(other, interfaceName))
        {
            answer(new LanAnswer(address, LanVerdict.Contended, other));
            return;
        }

        _questions.Add(address, question);
        watch.Add(address, interfaceName, WatchReasons.Asked);
        // Another's probe goes to this group, and the card has to let it in.
        if (address.IsIPv6)
            groups?.Join(address.SolicitedNodeGroup(), question.InterfaceIndex);
        _due.Enqueue(question, nowMs);
    }

    /// <summary>Drops a question; it gets no answer.</summary>
    public void Cancel(HostAddress address)
    {
        if (_questions.TryGetValue(address, out var question))
            Close(question);
    }

    /// <summary>Something was heard of an address.</summary>
    public void Heard(Sighting sighting)
    {
        if (!_questions.TryGetValue(sighting.Address, out var question))
            return;
        if (!sighting.IsProbe)
            Finish(question, new LanAnswer(sighting.Address, LanVerdict.Answered, sighting.Mac));
        else if (GoesFirst(sighting.Mac, question.InterfaceName))
            Finish(question, new LanAnswer(sighting.Address, LanVerdict.Contended, sighting.Mac));
    }

    /// <summary>Sends the probes that are due, and gives the verdicts that are due.</summary>
    public void Tick(long nowMs)
    {
        while (_due.TryPeek(out var question, out var dueMs) && (question.IsClosed || dueMs <= nowMs))
        {
            _due.Dequeue();
            if (!question.IsClosed)
                Advance(question, nowMs);
        }
    }

    public void Dispose() => groups?.Dispose();

    private void Advance(Question question, long nowMs)
    {
        if (!links.TryFindSpeaking(question.InterfaceName, out var link) || link.Index != question.InterfaceIndex)
        {
            var fault = links.Fault(question.InterfaceName) ?? $"{question.InterfaceName} was replaced";
            Finish(question, new LanAnswer(question.Address, LanVerdict.Unknown, Reason: fault));
            return;
        }

        if (question.Sent == Probes)
        {
            Finish(question, new LanAnswer(question.Address, LanVerdict.Silent));
            return;
        }

        if (!_buckets.TryGetValue(link.Name, out var bucket))
            _buckets.Add(link.Name, bucket = new TokenBucket(Burst, FramesPerSecond));
        if (!bucket.TryTake(1, nowMs))
        {
            _due.Enqueue(question, Math.Max(nowMs + 1, bucket.ReadyAtMs(1, nowMs)));
            return;
        }

        var errno = Send(link, question.Address);
        if (errno != 0)
        {
            var error = new KernelError($"ask for {question.Address} on {link.Name}", errno);
            Finish(question, new LanAnswer(question.Address, LanVerdict.Unknown, Reason: error.ToString()));
            return;
        }

        question.Sent++;
        _due.Enqueue(question, nowMs + (question.Sent == Probes ? LastWaitMs : ProbeIntervalMs));
    }

    private int Send(NetworkLink link, HostAddress address)
    {
        if (!address.IsIPv6)
            return sender.Send(link.Index, ETH_P_ARP, MacAddress.Broadcast, _frame.AsSpan(0, ArpPacket.Probe(link.Mac!.Value, address).Write(_frame)));
        var group = MacAddress.OfGroup(address.SolicitedNodeGroup());
        return sender.Send(link.Index, ETH_P_IPV6, group, _frame.AsSpan(0, NeighbourPacket.Probe(address).Write(_frame)));
    }

    /// <summary>Of hosts that ask at the same time the one with the lowest hardware address goes on.</summary>
    private bool GoesFirst(MacAddress other, string interfaceName)
        => links.Find(interfaceName)?.Mac is { } own && other.CompareTo(own) < 0;

    private void Finish(Question question, LanAnswer answer)
    {
        Close(question);
        question.Answer(answer);
    }

    private void Close(Question question)
    {
        question.IsClosed = true;
        _questions.Remove(question.Address);
        watch.Remove(question.Address, WatchReasons.Asked);
        if (question.Address.IsIPv6)
            groups?.Leave(question.Address.SolicitedNodeGroup(), question.InterfaceIndex);
        if (_questions.Count == 0)
            _buckets.Clear();
    }

    private sealed class Question(HostAddress address, string interfaceName, int interfaceIndex, Action<LanAnswer> answer)
    {
        public HostAddress Address { get; } = address;

        public string InterfaceName { get; } = interfaceName;

        public int InterfaceIndex { get; } = interfaceIndex;

        public Action<LanAnswer> Answer { get; set; } = answer;

        public int Sent { get; set; }

        public bool IsClosed { get; set; }
    }
}
