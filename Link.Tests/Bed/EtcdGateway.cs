using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json.Nodes;

namespace Link.Tests.Bed;

/// <summary>etcd's JSON gateway: independent of the client that is under test, and no other program is needed.</summary>
internal sealed class EtcdGateway(HttpClient http)
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(30);

    /// <param name="lease">0: none.</param>
    internal Task PutAsync(string key, string value, long lease = 0) => PostAsync("/v3/kv/put", Put(key, value, lease));

    internal Task DeleteAsync(string key) => PostAsync("/v3/kv/deleterange", new JsonObject { ["key"] = Encode(key) });

    /// <returns>Null: no such key.</returns>
    internal async Task<string?> GetAsync(string key) => (await FindAsync(key))?.Value;

    /// <returns>Null: no such key.</returns>
    internal async Task<EtcdEntry?> FindAsync(string key) => await RangeAsync(new JsonObject { ["key"] = Encode(key) }) is [var only] ? only : null;

    internal async Task<IReadOnlyList<KeyValuePair<string, string>>> ListAsync(string prefix) =>
        [.. (await FindAllAsync(prefix)).Select(entry => KeyValuePair.Create(entry.Key, entry.Value))];

    internal Task<IReadOnlyList<EtcdEntry>> FindAllAsync(string prefix) => RangeAsync(new JsonObject { ["key"] = Encode(prefix), ["range_end"] = Encode(EndOf(prefix)) });

    /// <returns>False: the key is there already.</returns>
    internal Task<bool> PutIfAbsentAsync(string key, string value, long lease) =>
        TryAsync(new JsonObject { ["key"] = Encode(key), ["target"] = "CREATE", ["result"] = "EQUAL", ["create_revision"] = "0" }, new JsonObject { ["request_put"] = Put(key, value, lease) });

    /// <returns>False: the key is not there, or carries another lease than <paramref name="oldLease"/>.</returns>
    internal Task<bool> PutIfLeaseAsync(string key, string value, long oldLease, long lease) => TryAsync(LeaseIs(key, oldLease), new JsonObject { ["request_put"] = Put(key, value, lease) });

    /// <returns>False: the key is not there, or carries another lease.</returns>
    internal Task<bool> DeleteIfLeaseAsync(string key, long lease) =>
        TryAsync(LeaseIs(key, lease), new JsonObject { ["request_delete_range"] = new JsonObject { ["key"] = Encode(key) } });

    internal async Task<long> GrantAsync(int ttlSeconds) => Number((await PostAsync("/v3/lease/grant", new JsonObject { ["TTL"] = $"{ttlSeconds}" }))["ID"]);

    internal Task RevokeAsync(long lease) => PostAsync("/v3/lease/revoke", new JsonObject { ["ID"] = $"{lease}" });

    /// <returns>False: etcd does not have the lease any more.</returns>
    internal async Task<bool> KeepAliveAsync(long lease) => Number((await PostAsync("/v3/lease/keepalive", new JsonObject { ["ID"] = $"{lease}" }))["result"]?["TTL"]) > 0;

    /// <returns>Seconds that are left of a lease.</returns>
    internal async Task<long> TimeToLiveAsync(long lease) => Number((await PostAsync("/v3/lease/timetolive", new JsonObject { ["ID"] = $"{lease}" }))["TTL"]);

    /// <summary>etcd's alarm of a database that has reached its quota: it refuses whatever takes room.</summary>
    internal async Task SetNoSpaceAsync(bool on)
    {
        var member = (await PostAsync("/v3/cluster/member/list", []))["members"]![0]!["ID"]!.GetValue<string>();
        await PostAsync("/v3/maintenance/alarm", new JsonObject { ["action"] = on ? "ACTIVATE" : "DEACTIVATE", ["memberID"] = member, ["alarm"] = "NOSPACE" });
    }

    /// <summary>Removes all of LinK's keys and every lease.</summary>
    internal async Task WipeAsync()
    {
        await PostAsync("/v3/kv/deleterange", new JsonObject { ["key"] = Encode("/link"), ["range_end"] = Encode(EndOf("/link")) });
        var leases = await PostAsync("/v3/lease/leases", []);
        foreach (var lease in leases["leases"]?.AsArray() ?? [])
        {
            try
            {
                await PostAsync("/v3/lease/revoke", new JsonObject { ["ID"] = lease!["ID"]!.GetValue<string>() });
            }
            catch (HttpRequestException e) when (e.StatusCode == HttpStatusCode.NotFound)
            {
                // A killed agent's, which ended meanwhile.
            }
        }
    }

    /// <summary>
    /// Writes down when a key is put or deleted, until cancelled or etcd ends the stream. Returns once the watch stands.
    /// </summary>
    internal async Task<IReadOnlyList<KeyEvent>> WatchAsync(string key, CancellationToken cancel)
    {
        var events = new SharedList<KeyEvent>();
        await WatchAsync(new JsonObject { ["key"] = Encode(key) }, events.Add, cancel);
        return events;
    }

    /// <summary>The same for all keys with a prefix.</summary>
    internal async Task<IReadOnlyList<KeyEvent>> WatchAllAsync(string prefix, CancellationToken cancel)
    {
        var events = new SharedList<KeyEvent>();
        await WatchAllAsync(prefix, events.Add, cancel);
        return events;
    }

    /// <inheritdoc cref="WatchAllAsync(string, CancellationToken)"/>
    internal Task WatchAllAsync(string prefix, Action<KeyEvent> seen, CancellationToken cancel) =>
        WatchAsync(new JsonObject { ["key"] = Encode(prefix), ["range_end"] = Encode(EndOf(prefix)) }, seen, cancel);

    private async Task WatchAsync(JsonObject range, Action<KeyEvent> seen, CancellationToken cancel)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, "/v3/watch") { Content = JsonContent.Create(new JsonObject { ["create_request"] = range }) };
        var response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancel);
        response.EnsureSuccessStatusCode();
        var reader = new StreamReader(await response.Content.ReadAsStreamAsync(cancel));
        await reader.ReadLineAsync(cancel); // {"result":{"created":true}}
        _ = ReadEventsAsync(response, reader, seen, cancel);
    }

    private static async Task ReadEventsAsync(HttpResponseMessage response, StreamReader reader, Action<KeyEvent> seen, CancellationToken cancel)
    {
        using (response)
        using (reader)
        {
            try
            {
                while (await reader.ReadLineAsync(cancel) is { } line)
                {
                    var at = BedClock.Now;
                    foreach (var entry in JsonNode.Parse(line)?["result"]?["events"]?.AsArray() ?? [])
                        seen(new KeyEvent(at, (string?)entry!["type"] == "DELETE", Decode((string?)entry["kv"]?["key"]), Decode((string?)entry["kv"]?["value"]), Number(entry["kv"]?["lease"])));
                }
            }
            catch (Exception e) when (e is IOException or OperationCanceledException or HttpRequestException)
            {
                // etcd was killed or the measurement is over: what was seen stands.
            }
        }
    }

    private async Task<IReadOnlyList<EtcdEntry>> RangeAsync(JsonObject request)
    {
        var answer = await PostAsync("/v3/kv/range", request);
        return [.. (answer["kvs"]?.AsArray() ?? []).Select(pair =>
            new EtcdEntry(Decode((string?)pair!["key"]), Decode((string?)pair["value"]), Number(pair["lease"]), Number(pair["mod_revision"])))];
    }

    private async Task<bool> TryAsync(JsonObject compare, JsonObject success) =>
        (bool?)(await PostAsync("/v3/kv/txn", new JsonObject { ["compare"] = new JsonArray(compare), ["success"] = new JsonArray(success) }))["succeeded"] == true;

    private static JsonObject LeaseIs(string key, long lease) => new() { ["key"] = Encode(key), ["target"] = "LEASE", ["result"] = "EQUAL", ["lease"] = $"{lease}" };

    private static JsonObject Put(string key, string value, long lease) => new() { ["key"] = Encode(key), ["value"] = Encode(value), ["lease"] = $"{lease}" };

    /// <summary>64 bits, which the gateway writes as text, and zero not at all.</summary>
    private static long Number(JsonNode? text) => text is null ? 0 : long.Parse((string)text!, CultureInfo.InvariantCulture);

    private async Task<JsonNode> PostAsync(string path, JsonObject request)
    {
        using var deadline = new CancellationTokenSource(Deadline);
        using var response = await http.PostAsJsonAsync(path, request, deadline.Token);
        response.EnsureSuccessStatusCode();
        return await response.Content.ReadFromJsonAsync<JsonNode>(deadline.Token) ?? throw new InvalidDataException($"empty answer of {path}");
    }

    private static string Encode(string text) => Convert.ToBase64String(Encoding.UTF8.GetBytes(text));

    private static string Decode(string? text) => text is null ? "" : Encoding.UTF8.GetString(Convert.FromBase64String(text));

    /// <summary>The first key behind all keys with the prefix.</summary>
    private static string EndOf(string prefix) => prefix[..^1] + (char)(prefix[^1] + 1);
}
