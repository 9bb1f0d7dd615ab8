using Xunit;

namespace Link.Tests.Api;

/// <summary>
/// Every exchange with running LinK agents of five versions, asked of our API in the same order. The content type is always JSON, which LinK's is not:
/// no client of LinK looks at it.
/// </summary>
public sealed class RecordedExchangesTests
{
    private static readonly string[] s_1 = ["1.9.3"];
    private static readonly string[] s_2 = ["2.0.7"];
    private static readonly string[] s_1And2 = ["1.9.3", "2.0.7"];

    // No client of LinK says of which type a body is.
    private const string UserAgent = "Go-http-client/1.1";

    private const string Order = "LinK 3 put status before checks and left out ip; one order has to do for all, and objects have none in JSON";
    private const string Interval = "LinK 2 dropped the field; a client of LinK 1 reads 0 without it, which is all that LinK 1 ever showed here";
    private const string NoNull = "LinK 3 answers [] too; what takes null takes [], and not the other way round";
    private const string TellsMore = "422 names the fields, 409 says that the state is in the way; clients of LinK show any status above 399 as an error";
    private const string Text = "ours says what is wrong and what would be right";

    /// <summary>What may differ, and why. One that does not occur fails the test too.</summary>
    private static readonly Deliberate[] s_deliberate =
    [
        new("GET /ips: ips is Array, LinK's Null", s_1And2, NoNull),
        new("GET /ips: ips[] has another order", s_1And2, Order),
        new("GET /ips: ips[].keepalive_interval is missing", s_1, Interval),
        new("GET /ips/{id}: ip has another order", s_1And2, Order),
        new("GET /ips/{id}: ip.keepalive_interval is missing", s_1, Interval),
        new("GET /ips/{id}: the answer has another order", s_1, "404 is LinK 2's, with resource before error"),
        new("POST /ips: the answer has another order", s_1And2, Order),
        new("POST /ips: keepalive_interval is missing", s_1, Interval),
        new("POST /ips: status is 422, LinK's 400", s_1And2, TellsMore),
        new("POST /ips: status is 409, LinK's 400", s_1And2, TellsMore),
        new("POST /ips: msg has another text", s_1, Text),
        new("POST /ips: error has another text", s_2, Text),
        new("POST /ips/{id}/lock: the answer has another order", s_1, "404 is LinK 2's, with resource before error"),
        new("PATCH /ips/{id}: the answer has another order", s_2, Order),
        new("POST /ips/{id}/failover: status is 409, LinK's 400", s_2, TellsMore),
        new("POST /ips/{id}/failover: the answer has another order", s_2, "error comes first, for clients of LinK 3"),
        new("POST /ips/{id}/failover: msg has another text", s_2, Text),
        new("POST /endpoints: endpoint has another order", ["3.0.1"], "3.0 left out status and election_key here; later versions have them, where ours are"),
    ];

    [Theory]
    [InlineData("1.9.3", 11)]
    [InlineData("2.0.7", 11)]
    [InlineData("3.0.1", 9)]
    [InlineData("3.2.1", 9)]
    [InlineData("3.3.0", 10)]
    public async Task A_client_of_LinK_gets_the_answers_it_knows(string version, int count)
    {
        await using RunningApi api = await RunningApi.StartAsync();
        api.Agent.Hosts = ["web-1"];
        AnswerComparison comparison = new();
        IReadOnlyList<RecordedExchange> exchanges = RecordedExchange.Load(version);
        Assert.Equal(count, exchanges.Count);
        foreach (RecordedExchange exchange in exchanges)
        {
            ApiReply reply = await api.SendAsync(exchange.Method, comparison.Ours(exchange.Path), exchange.Body, headers => headers.UserAgent.ParseAdd(UserAgent), type: null);
            Assert.Equal(reply.Body.Length == 0 ? null : "application/json", reply.Header("Content-Type"));
            comparison.Compare(exchange, reply);
            // LinK's agent had come to rest before it was asked again.
            api.Agent.Settle();
        }

        string[] expected = [.. s_deliberate.Where(difference => difference.Versions.Contains(version)).Select(difference => difference.What).Order(StringComparer.Ordinal)];
        Assert.Equal(expected, comparison.Differences);
    }

    /// <param name="Why">For who reads it.</param>
    private sealed record Deliberate(string What, string[] Versions, string Why);
}
