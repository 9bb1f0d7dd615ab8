using Link.Core.Net.Linux;
using static Link.Core.Net.Linux.IfArp;

namespace Link.Core.Net;

/// <summary>
/// Tells the neighbours where the addresses are: at once, in some rounds more, then slowly for ever. Rate-limited for each interface;
/// with many addresses the first round of all comes before the second of any.
/// </summary>
internal sealed class Announcer(AnnounceOptions options, LinkTable links, IFrameSender sender, Random random)
{
    private const int AgainIntervalMs = 1000;

    private readonly Dictionary<HostAddress, Announcement> _announcements = [];
    private readonly Dictionary<string, Lane> _lanes = new(StringComparer.Ordinal);
    private readonly byte[] _frame = new byte[NeighbourPacket.MaxSize];

    /// <summary>Frames that left, for the metrics.</summary>
    public long FramesSent { get; private set; }

    /// <summary>Frames that the kernel refused; the next round tries again.</summary>
    public long FramesRefused { get; private set; }

    /// <summary>When <see cref="Tick"/> has something to do; null = never.</summary>
    public long? NextDueMs { get; private set; }

    public int Count => _announcements.Count;

    /// <summary>Starts to announce. The frames leave with the next <see cref="Tick"/>.</summary>
    public void Start(HostAddress address, string interfaceName, long nowMs)
    {
        Silence(address);
        var announcement = new Announcement(address, interfaceName);
        _announcements.Add(address, announcement);
        if (!_lanes.TryGetValue(interfaceName, out var lane))
            _lanes.Add(interfaceName, lane = new Lane(new TokenBucket(Math.Max(options.Burst, 2), options.FramesPerSecond)));
        lane.Count++;
        Restart(lane, announcement, nowMs);
    }

    public bool Announces(HostAddress address) => _announcements.ContainsKey(address);

    /// <summary>No frame for this address leaves after this call.</summary>
    public void Silence(HostAddress address)
    {
        if (!_announcements.Remove(address, out var announcement))
            return;
        announcement.Turn++;
        var lane = _lanes[announcement.InterfaceName];
        if (--lane.Count == 0)
            _lanes.Remove(announcement.InterfaceName);
        if (_lanes.Count == 0)
            NextDueMs = null;
    }

    /// <summary>Starts the rounds again, as something may have misled the neighbours. At most once a second for each address: sooner is put off.</summary>
    public void AnnounceAgain(HostAddress address, long nowMs)
    {
        if (_announcements.TryGetValue(address, out var announcement) && announcement.Round != 0)
            Restart(_lanes[announcement.InterfaceName], announcement, Math.Max(nowMs, announcement.RestartedAtMs + AgainIntervalMs));
    }

    /// <summary><see cref="AnnounceAgain"/> for every address of an interface.</summary>
    public void AnnounceAllAgain(string interfaceName, long nowMs)
    {
        if (!_lanes.TryGetValue(interfaceName, out var lane))
            return;
        // It may have become a router, and it may have another MAC.
        lane.RouterKnownAtMs = long.MinValue;
        foreach (var announcement in _announcements.Values)
        {
            if (announcement.InterfaceName == interfaceName)
                AnnounceAgain(announcement.Address, nowMs);
        }
    }

    /// <summary>Sends what is due.</summary>
    public void Tick(long nowMs)
    {
        long? next = null;
        foreach (var (name, lane) in _lanes)
        {
            Send(name, lane, nowMs);
            if (lane.Ready.Count > 0)
                next = Earlier(next, lane.Bucket.ReadyAtMs(2, nowMs));
            if (lane.Waiting.TryPeek(out _, out var at))
                next = Earlier(next, at.DueMs);
        }

        NextDueMs = next;
    }

    private static long Earlier(long? a, long b) => a is { } first && first < b ? first : b;

    private void Restart(Lane lane, Announcement announcement, long atMs)
    {
        announcement.Round = 0;
        announcement.RestartedAtMs = atMs;
        Enqueue(lane, announcement, atMs);
        NextDueMs = Earlier(NextDueMs, atMs);
    }

    private static void Enqueue(Lane lane, Announcement announcement, long dueMs)
        => lane.Waiting.Enqueue(new Due(announcement, ++announcement.Turn), (dueMs, ++lane.Arrivals));

    private void Send(string interfaceName, Lane lane, long nowMs)
    {
        while (lane.Waiting.TryPeek(out var due, out var at) && (at.DueMs <= nowMs || due.IsStale))
        {
            lane.Waiting.Dequeue();
            if (!due.IsStale)
                lane.Ready.Enqueue(due, (due.Announcement.Round, at.Arrival));
        }

        var speaks = links.TryFindSpeaking(interfaceName, out var link);
        while (lane.Ready.TryPeek(out var due, out _))
        {
            if (!due.IsStale)
            {
                var frames = due.Announcement.Address.IsIPv6 ? 1 : 2;
                if (speaks && !lane.Bucket.TryTake(frames, nowMs))
                    return;
                if (speaks)
                    Announce(lane, link!, due.Announcement.Address, nowMs);
                ScheduleNext(lane, due.Announcement, nowMs);
            }

            lane.Ready.Dequeue();
        }
    }

    private void ScheduleNext(Lane lane, Announcement announcement, long nowMs)
    {
        announcement.Round = Math.Min(announcement.Round + 1, Math.Max(options.Rounds, 1));
        if (announcement.Round < options.Rounds)
            Enqueue(lane, announcement, nowMs + options.RoundIntervalMs);
        else if (options.RefreshMs > 0)
            Enqueue(lane, announcement, nowMs + (options.RefreshMs * 3 / 4) + random.Next((options.RefreshMs / 2) + 1));
    }

    private void Announce(Lane lane, NetworkLink link, HostAddress address, long nowMs)
    {
        var mac = link.Mac!.Value;
        if (address.IsIPv6)
        {
            var length = NeighbourPacket.Announcement(mac, address, IsRouter(lane, link, nowMs)).Write(_frame);
            Send(link, ETH_P_IPV6, MacAddress.AllNodes, length);
            return;
        }

        Send(link, ETH_P_ARP, MacAddress.Broadcast, ArpPacket.Announcement(mac, address).Write(_frame));
        Send(link, ETH_P_ARP, MacAddress.Broadcast, ArpPacket.AnnouncementReply(mac, address).Write(_frame));
    }

    private void Send(NetworkLink link, ushort etherType, MacAddress destination, int length)
    {
        if (sender.Send(link.Index, etherType, destination, _frame.AsSpan(0, length)) == 0)
            FramesSent++;
        else
            FramesRefused++;
    }

    private static bool IsRouter(Lane lane, NetworkLink link, long nowMs)
    {
        const int RouterAgeMs = 5000;
        if (lane.RouterKnownAtMs == long.MinValue || nowMs - lane.RouterKnownAtMs > RouterAgeMs)
        {
            lane.IsRouter = Forwarding.IsOn(link.Name);
            lane.RouterKnownAtMs = nowMs;
        }

        return lane.IsRouter;
    }

    private sealed class Announcement(HostAddress address, string interfaceName)
    {
        public HostAddress Address { get; } = address;

        public string InterfaceName { get; } = interfaceName;

        /// <summary>Rounds done since the start or the last doubt.</summary>
        public int Round { get; set; }

        /// <summary>Rises whenever it is queued anew; what was queued before is stale.</summary>
        public long Turn { get; set; }

        public long RestartedAtMs { get; set; }
    }

    private readonly record struct Due(Announcement Announcement, long Turn)
    {
        public bool IsStale => Turn != Announcement.Turn;
    }

    /// <summary>One interface.</summary>
    private sealed class Lane(TokenBucket bucket)
    {
        public TokenBucket Bucket { get; } = bucket;

        /// <summary>By the moment they are due, and then in the order of arrival.</summary>
        public PriorityQueue<Due, (long DueMs, long Arrival)> Waiting { get; } = new();

        /// <summary>Due, by round and then in the order of arrival; they wait for tokens only.</summary>
        public PriorityQueue<Due, (int Round, long Arrival)> Ready { get; } = new();

        public long Arrivals { get; set; }

        public int Count { get; set; }

        public bool IsRouter { get; set; }

        public long RouterKnownAtMs { get; set; } = long.MinValue;
    }
}
