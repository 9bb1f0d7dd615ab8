using System.Net;
using Link.Core.Api.Limits;
using Microsoft.AspNetCore.Connections;
using Xunit;

namespace Link.Tests.Api.Limits;

public sealed class ConnectionTableTests
{
    private static readonly IPAddress s_one = IPAddress.Parse("10.0.0.1");
    private static readonly IPAddress s_two = IPAddress.Parse("10.0.0.2");
    private static readonly IPAddress s_three = IPAddress.Parse("10.0.0.3");

    private readonly TestClock _clock = new();
    private readonly List<string> _log = [];
    private readonly ConnectionTable _table;

    public ConnectionTableTests() => _table = new ConnectionTable(most: 8, mostOfOneSource: 4, TimeSpan.FromSeconds(5), _clock, _log.Add);

    [Fact]
    public void One_source_has_its_share_and_its_own_oldest_silent_connection_makes_way()
    {
        List<Client> own = Open(s_one, 4);
        Client other = Open(s_two);
        Client fifth = Open(s_one);
        Assert.Equal([true, false, false, false], own.Select(client => client.IsAborted));
        Assert.False(other.IsAborted || fifth.IsAborted);
        Assert.Equal(5, _table.Count);
    }

    [Fact]
    public void When_all_places_are_taken_the_source_that_has_the_most_makes_way()
    {
        List<Client> crowd = Open(s_one, 4);
        List<Client> few = Open(s_two, 3);
        Open(s_three);
        Client newcomer = Open(s_three);
        Assert.True(crowd[0].IsAborted);
        Assert.DoesNotContain(few, client => client.IsAborted);
        Assert.NotNull(newcomer.Connection);
        Assert.Equal(8, _table.Count);
    }

    [Fact]
    public void What_is_between_two_requests_stays_longer_than_what_never_sent_one_and_a_request_under_way_stays()
    {
        List<Client> own = Open(s_one, 4);
        own[0].Connection!.Enter(ConnectionPhase.Busy);
        own[1].Connection!.Enter(ConnectionPhase.Busy);
        own[1].Connection!.Enter(ConnectionPhase.Idle);
        Open(s_one);
        Open(s_one);
        Assert.Equal([false, false, true, true], own.Select(client => client.IsAborted));
    }

    [Fact]
    public void When_every_place_is_busy_the_newcomer_is_closed_until_one_ends()
    {
        List<Client> own = Open(s_one, 4);
        own.ForEach(client => client.Connection!.Enter(ConnectionPhase.Busy));
        Assert.Null(Open(s_one).Connection);
        Assert.NotNull(Open(s_two).Connection);
        own[2].Connection!.Enter(ConnectionPhase.Idle);
        Assert.NotNull(Open(s_one).Connection);
        Assert.True(own[2].IsAborted);
    }

    [Fact]
    public void A_client_that_takes_its_time_makes_way_for_a_source_that_has_less_and_for_no_other()
    {
        List<Client> crowd = Open(s_one, 4);
        List<Client> few = Open(s_two, 3);
        Client one = Open(s_three);
        crowd.ForEach(client => client.Connection!.Enter(ConnectionPhase.Transfer));
        few.ForEach(client => client.Connection!.Enter(ConnectionPhase.Transfer));
        one.Connection!.Enter(ConnectionPhase.Busy);
        Assert.Null(Open(s_one).Connection);
        Assert.Null(Open(s_two).Connection);
        Assert.NotNull(Open(s_three).Connection);
        Assert.Equal([true, false, false, false], crowd.Select(client => client.IsAborted));
        Assert.DoesNotContain(few, client => client.IsAborted);
    }

    [Fact]
    public void Who_has_less_loses_nothing_to_who_has_more_and_whose_places_are_all_busy()
    {
        List<Client> crowd = Open(s_one, 4);
        List<Client> others = Open(s_two, 3);
        Client quiet = Open(s_three);
        crowd.Concat(others).ToList().ForEach(client => client.Connection!.Enter(ConnectionPhase.Busy));
        Assert.Null(Open(s_two).Connection);
        Assert.False(quiet.IsAborted);
    }

    [Fact]
    public void Those_that_are_closed_but_not_gone_are_bounded_too()
    {
        for (int i = 0; i < 100; i++)
        {
            Open(s_one);
        }

        // Four have a place; of those that made way two may still have their memory.
        Assert.Equal(4, _table.Count);
        Assert.Equal(6, _clients.Count(client => client.Connection is not null));
        Assert.NotNull(Open(s_two).Connection);
        foreach (Client client in _clients.Where(client => client.IsAborted && client.Connection is not null))
        {
            _table.Close(client.Connection!);
        }

        Assert.NotNull(Open(s_one).Connection);
    }

    [Fact]
    public void A_connection_without_a_request_is_closed_after_its_time_and_one_with_a_request_is_not()
    {
        Client silent = Open(s_one);
        Client asks = Open(s_one);
        asks.Connection!.Enter(ConnectionPhase.Busy);
        Client idle = Open(s_one);
        idle.Connection!.Enter(ConnectionPhase.Busy);
        idle.Connection.Enter(ConnectionPhase.Idle);
        _clock.Advance(TimeSpan.FromSeconds(4.9));
        silent.Connection!.CloseIfLate();
        Assert.False(silent.IsAborted);
        _clock.Advance(TimeSpan.FromSeconds(0.2));
        foreach (Client client in _clients)
        {
            client.Connection!.CloseIfLate();
        }

        Assert.Equal([true, false, false], _clients.Select(client => client.IsAborted));
        Assert.Equal(2, _table.Count);
    }

    [Fact]
    public void The_crowd_is_told_once_a_minute_with_the_number_of_those_closed()
    {
        Open(s_one, 7);
        Assert.Equal("api: 4 connections are open, 4 of them from 10.0.0.1: those that wait make way for new ones (1 closed since the last such line)", Assert.Single(_log));
        _clock.Advance(TimeSpan.FromSeconds(61));
        Open(s_one);
        Assert.Equal(2, _log.Count);
        Assert.EndsWith("(3 closed since the last such line)", _log[1], StringComparison.Ordinal);
    }

    [Fact]
    public void One_that_is_ended_before_Kestrel_serves_it_is_closed_then()
    {
        ApiConnection early = _table.TryOpen(s_one)!;
        Open(s_one, 4);
        Client late = new();
        early.Attach(late.Context);
        Assert.True(late.IsAborted);
    }

    private readonly List<Client> _clients = [];

    private List<Client> Open(IPAddress source, int count) => [.. Enumerable.Range(0, count).Select(_ => Open(source))];

    private Client Open(IPAddress source)
    {
        Client client = new();
        client.Connection = _table.TryOpen(source);
        client.Connection?.Attach(client.Context);
        _clients.Add(client);
        _clock.Advance(TimeSpan.FromMilliseconds(1));
        return client;
    }

    private sealed class Client
    {
        public Client() => Context = new AbortedContext(() => IsAborted = true);

        public ConnectionContext Context { get; }

        public ApiConnection? Connection { get; set; }

        public bool IsAborted { get; private set; }
    }

    private sealed class AbortedContext(Action aborted) : DefaultConnectionContext
    {
        public override void Abort(ConnectionAbortedException abortReason) => aborted();
    }
}
