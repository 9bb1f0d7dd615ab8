using System.Net.Http.Json;
using System.Text;
using System.Text.Json.Nodes;

namespace Link.Tests.Bed;

/// <summary>etcd's JSON gateway: independent of the client that is under test, and no other program is needed.</summary>
internal sealed class EtcdGateway(HttpClient http)
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(5);

    internal Task PutAsync(string key, string value) => PostAsync("/v3/kv/put", new JsonObject { ["key"] = Encode(key), ["value"] = Encode(value) });

    internal Task DeleteAsync(string key) => PostAsync("/v3/kv/deleterange", new JsonObject { ["key"] = Encode(key) });

    /// <returns>Null: no such key.</returns>
    internal async Task<string?> GetAsync(string key) => (await RangeAsync(new JsonObject { ["key"] = Encode(key) })).Select(pair => pair.Value).FirstOrDefault();

    internal Task<IReadOnlyList<KeyValuePair<string, string>>> ListAsync(string prefix) =>
        RangeAsync(new JsonObject { ["key"] = Encode(prefix), ["range_end"] = Encode(EndOf(prefix)) });

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
            await PostAsync("/v3/lease/revoke", new JsonObject { ["ID"] = lease!["ID"]!.GetValue<string>() });
    }

    /// <summary>
    /// Writes down when a key is put or deleted, until cancelled or etcd ends the stream. Returns once the watch stands.
    /// </summary>
    internal async Task<IReadOnlyList<KeyEvent>> WatchAsync(string key, CancellationToken cancel)
    {
        var events = new SharedList<KeyEvent>();
        var request = new HttpRequestMessage(HttpMethod.Post, "/v3/watch")
        {
            Content = JsonContent.Create(new JsonObject { ["create_request"] = new JsonObject { ["key"] = Encode(key) } }),
        };
        var response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancel);
        response.EnsureSuccessStatusCode();
        var reader = new StreamReader(await response.Content.ReadAsStreamAsync(cancel));
        await reader.ReadLineAsync(cancel); // {"result":{"created":true}}
        _ = ReadEventsAsync(response, reader, events, cancel);
        return events;
    }

    private static async Task ReadEventsAsync(HttpResponseMessage response, StreamReader reader, SharedList<KeyEvent> events, CancellationToken cancel)
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
                        events.Add(new KeyEvent(at, (string?)entry!["type"] == "DELETE", Decode((string?)entry["kv"]?["value"])));
                }
            }
            catch (Exception e) when (e is IOException or OperationCanceledException or HttpRequestException)
            {
                // etcd was killed or the measurement is over: what was seen stands.
            }
        }
    }

    private async Task<IReadOnlyList<KeyValuePair<string, string>>> RangeAsync(JsonObject request)
    {
        var answer = await PostAsync("/v3/kv/range", request);
        return [.. (answer["kvs"]?.AsArray() ?? []).Select(pair => KeyValuePair.Create(Decode((string?)pair!["key"]), Decode((string?)pair["value"])))];
    }

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
