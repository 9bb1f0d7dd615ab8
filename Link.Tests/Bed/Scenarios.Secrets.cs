using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;

namespace Link.Tests.Bed;

/// <summary>Many secrets on one host.</summary>
internal sealed partial class Scenarios
{
    private const int HookPort = 9001;
    private const string OldKey = "bed-old-key-0123456789abcdef0123456789abcdef";
    private const string NewKey = "bed-new-key-0123456789abcdef0123456789abcdef";

    /// <summary>Webhooks with two secrets each; the key is changed and all are rotated by the client, then once more into LinK's form.</summary>
    internal async Task<RotationMeasurement> RotateAsync(int secrets)
    {
        await Bed.ResetAsync();
        var host = Bed.Host(1);
        using var hooks = new HookReceiver(host.Namespace, HookPort);
        await host.StartAgentAsync(Keys(OldKey));
        for (var i = 0; i < secrets / 2; i++)
        {
            (await host.Api.SendAsync(HttpMethod.Post, "/endpoints", new JsonObject
            {
                ["plugin"] = "webhook",
                ["plugin_config"] = new JsonObject
                {
                    ["url"] = $"http://127.0.0.1:{HookPort}/",
                    ["resource_id"] = $"r-{i}",
                    ["secret"] = $"secret {i}",
                    ["headers"] = new JsonObject { ["Authorization"] = $"Bearer {i}" },
                },
            })).Expect(201);
        }

        await RestartAsync(host, Keys(NewKey, OldKey));
        var at = BedClock.Now;
        var rotated = await RotateByClientAsync(host);
        var seconds = BedClock.MillisecondsSince(at) / 1000;

        await RestartAsync(host, Keys(NewKey, format: "aes-cfb-sha512"));
        await RotateByClientAsync(host);
        var stored = await Bed.Etcd[0].Gateway.ListAsync($"/link/secrets/hosts/{host.Name}/");
        return new RotationMeasurement
        {
            Secrets = stored.Count,
            Seconds = seconds,
            Rotated = rotated,
            ReadableByLinK = stored.Count(static pair => OpensAsLinKs(JsonNode.Parse(pair.Value)!, NewKey)),
        };
    }

    private async Task RestartAsync(AgentHost host, IReadOnlyDictionary<string, string> environment)
    {
        await host.StopAgentAsync();
        await host.StartAgentAsync(environment);
        await Wait.UntilAsync($"health of the agent on {host}", async () => (await host.Api.GetAsync("/health")).Status == 200, patience);
    }

    private static async Task<int> RotateByClientAsync(AgentHost host)
    {
        var (code, output, error) = await Tool.TryAsync(Programs.LinkClient, ["--socket", host.Socket, "rotate-encryption-key", "-o", "json"]);
        return code == 0 ? (int)JsonNode.Parse(output)!["done"]! : throw new InvalidOperationException(error);
    }

    private static Dictionary<string, string> Keys(string key, string alternates = "", string format = "") => new()
    {
        ["SECRET_STORAGE_ENCRYPTION_KEY"] = key,
        ["SECRET_STORAGE_ALTERNATE_KEYS"] = alternates,
        ["SECRET_STORAGE_FORMAT"] = format,
    };

    // AES-256-CFB with 128 bits of feedback, IV first, under the SHA-256 of the key; the hash is the plaintext's SHA-512.
    private static bool OpensAsLinKs(JsonNode secret, string key)
    {
        if ((string?)secret["type"] != "aes-cfb-sha512")
            return false;
        var data = Convert.FromHexString((string)secret["data"]!);
        using var aes = Aes.Create();
        aes.Key = SHA256.HashData(Encoding.UTF8.GetBytes(key));
        var plaintext = new byte[data.Length - 16];
        var previous = data[..16];
        for (var i = 0; i < plaintext.Length; i += 16)
        {
            var stream = aes.EncryptEcb(previous, PaddingMode.None);
            var length = Math.Min(16, plaintext.Length - i);
            for (var j = 0; j < length; j++)
                plaintext[i + j] = (byte)(data[16 + i + j] ^ stream[j]);
            previous = data.AsSpan(16 + i, length).ToArray();
        }

        return Convert.ToHexStringLower(SHA512.HashData(plaintext)) == (string?)secret["hash"];
    }
}
