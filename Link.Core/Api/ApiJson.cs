using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Link.Core.Api;

/// <summary>The API's objects as JSON: LinK's fields first and in its order, then ours, which are left out when they say nothing.</summary>
internal static class ApiJson
{
    // The relaxed encoder leaves text readable in a terminal. No answer is ever part of an HTML page.
    private static readonly JsonWriterOptions s_options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true };

    public static ReadOnlyMemory<byte> Write(Action<Utf8JsonWriter> write)
    {
        ArrayBufferWriter<byte> buffer = new(256);
        using (Utf8JsonWriter json = new(buffer, s_options))
        {
            write(json);
        }

        buffer.Write("\n"u8);
        return buffer.WrittenMemory;
    }

    /// <summary>Endpoints between two texts, with commas between them and none around.</summary>
    public static ReadOnlyMemory<byte> WriteItems(string before, IReadOnlyList<EndpointSnapshot> endpoints, string after)
    {
        ArrayBufferWriter<byte> buffer = new(1024 + (512 * endpoints.Count));
        buffer.Write(Encoding.UTF8.GetBytes(before));
        using (Utf8JsonWriter json = new(buffer, s_options))
        {
            for (int i = 0; i < endpoints.Count; i++)
            {
                if (i > 0)
                {
                    json.Flush();
                    json.Reset();
                    buffer.Write(","u8);
                }

                WriteEndpoint(json, endpoints[i]);
            }
        }

        buffer.Write(Encoding.UTF8.GetBytes(after));
        return buffer.WrittenMemory;
    }

    public static void WriteEndpoint(Utf8JsonWriter json, EndpointSnapshot endpoint)
    {
        json.WriteStartObject();
        json.WriteString("id", endpoint.Id);
        json.WriteString("status", endpoint.Status);
        if (endpoint.Checks.Count > 0)
        {
            json.WritePropertyName("checks");
            WriteChecks(json, endpoint.Checks);
        }

        json.WriteNumber("healthcheck_interval", endpoint.HealthcheckIntervalSeconds);
        json.WriteString("plugin", endpoint.Plugin);
        json.WriteString("election_key", endpoint.ElectionKey);

        WriteText(json, "ip", endpoint.Ip);
        WriteText(json, "interface", endpoint.Interface);
        WriteText(json, "holder", endpoint.Holder);
        WriteText(json, "reason", endpoint.Reason);
        WriteText(json, "output", endpoint.Output);
        WriteTime(json, "since", endpoint.Since);
        WriteText(json, "on_etcd_loss", endpoint.OnEtcdLoss);
        if (endpoint.Rivals != 0)
        {
            json.WriteNumber("rivals", endpoint.Rivals);
        }

        WriteText(json, "last_error", endpoint.LastError);
        WriteTime(json, "last_error_at", endpoint.LastErrorAt ?? default);
        WriteText(json, "last_error_answer", endpoint.LastErrorAnswer);
        if (endpoint is { Plugin: not "arp", PluginConfigJson: { } config })
        {
            json.WritePropertyName("plugin_config");
            json.WriteRawValue(config);
        }

        json.WriteEndObject();
    }

    public static void WriteChecks(Utf8JsonWriter json, IReadOnlyList<HealthCheckContract> checks)
    {
        json.WriteStartArray();
        foreach (HealthCheckContract check in checks)
        {
            json.WriteStartObject();
            json.WriteString("type", check.Type);
            json.WriteString("host", check.Host);
            json.WriteNumber("port", check.Port);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    public static void WriteHealth(Utf8JsonWriter json, AgentSnapshot agent)
    {
        json.WriteStartObject();
        json.WriteBoolean("healthy", agent.Healthy);
        WriteText(json, "reason", agent.Reason);
        json.WriteString("etcd", agent.Etcd);
        WriteText(json, "etcd_endpoint", agent.EtcdEndpoint);
        json.WriteString("hostname", agent.Hostname);
        json.WriteString("version", agent.Version);
        json.WriteBoolean("drained", agent.Drained);
        json.WriteNumber("endpoints", agent.Endpoints);
        json.WriteNumber("activated", agent.Activated);
        json.WriteEndObject();
    }

    public static void WriteRotation(Utf8JsonWriter json, RotationSnapshot rotation)
    {
        json.WriteStartObject();
        json.WriteBoolean("running", rotation.Running);
        json.WriteNumber("total", rotation.Total);
        json.WriteNumber("done", rotation.Done);
        json.WriteNumber("failed", rotation.Failed);
        WriteTime(json, "started_at", rotation.StartedAt ?? default);
        WriteTime(json, "ended_at", rotation.EndedAt ?? default);
        WriteText(json, "error", rotation.Error);
        json.WriteEndObject();
    }

    private static void WriteText(Utf8JsonWriter json, string name, string? text)
    {
        if (!string.IsNullOrEmpty(text))
        {
            json.WriteString(name, text);
        }
    }

    private static void WriteTime(Utf8JsonWriter json, string name, DateTimeOffset time)
    {
        if (time != default)
        {
            json.WriteString(name, time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture));
        }
    }
}
