using Link.Core.Api.Limits;

namespace Link.Core.Api;

// How routes talk to the agent: each question and each command with a deadline.
internal sealed partial class ApiRoutes
{
    private string HangReason => $"the agent's event loop did not answer within {options.ReadDeadline.TotalSeconds:0.###} s";

    private async Task<(bool Answered, T? Value)> AskAsync<T>(ApiRequest request, Func<CancellationToken, Task<T>> question)
    {
        using CancellationTokenSource deadline = CancellationTokenSource.CreateLinkedTokenSource(request.ClientGone);
        deadline.CancelAfter(options.ReadDeadline);
        try
        {
            return (true, await question(deadline.Token).WaitAsync(deadline.Token));
        }
        catch (Exception late) when (late is TimeoutException or OperationCanceledException && !request.ClientGone.IsCancellationRequested)
        {
            return (false, default);
        }
    }

    /// <summary>Runs a command. A client that goes away ends the waiting, not the command.</summary>
    private async Task<ApiAnswer> CommandAsync(
        ApiRequest request,
        Func<CancellationToken, Task<Outcome>> command,
        ApiForm form = ApiForm.Endpoints,
        Func<EndpointSnapshot, ApiAnswer>? show = null)
    {
        if (Interlocked.Increment(ref _commandsUnderWay) > options.MaxCommands)
        {
            Interlocked.Decrement(ref _commandsUnderWay);
            return ApiAnswer.Error(503, $"{options.MaxCommands} commands are under way; try again later");
        }

        Task<Outcome> running = RunAsync(command, request.Memory.Share());
        try
        {
            return Translate(await running.WaitAsync(options.CommandDeadline, request.ClientGone), form, show);
        }
        catch (TimeoutException) when (!running.IsCompleted)
        {
            return ApiAnswer.Error(503, $"not done within {options.CommandDeadline.TotalSeconds:0.###} s; the agent goes on with it");
        }
        catch (TimeoutException overloaded)
        {
            return ApiAnswer.Error(503, overloaded.Message);
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            return ApiAnswer.Error(503, "the agent is stopping");
        }
        finally
        {
            if (!running.IsCompletedSuccessfully)
            {
                _ = NoteFaultAsync(request, running);
            }
        }
    }

    private async Task<Outcome> RunAsync(Func<CancellationToken, Task<Outcome>> command, ByteLease? memory)
    {
        try
        {
            using (memory)
            {
                return await command(stopping);
            }
        }
        finally
        {
            Interlocked.Decrement(ref _commandsUnderWay);
        }
    }

    /// <summary>A command that nobody waits for any more still tells when it breaks.</summary>
    private async Task NoteFaultAsync(ApiRequest request, Task<Outcome> abandoned)
    {
        if (abandoned.IsFaulted)
        {
            return;
        }

        try
        {
            await abandoned;
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
        }
        catch (Exception fault)
        {
            log($"api: a command failed after its client was gone: {request.Method} /{string.Join('/', request.Segments)}", fault);
        }
    }

    private static ApiAnswer Translate(Outcome outcome, ApiForm form, Func<EndpointSnapshot, ApiAnswer>? show) => outcome.Status switch
    {
        OutcomeStatus.Done when show is not null => show(outcome.Endpoint ?? throw new InvalidOperationException("The agent left out the endpoint.")),
        OutcomeStatus.Done => outcome.Error is null ? ApiAnswer.NoContent : ApiAnswer.Message(outcome.Error),
        OutcomeStatus.NotFound => ApiAnswer.NotFound(form),
        OutcomeStatus.Conflict => ApiAnswer.Error(409, outcome.Error ?? "the endpoint's state does not allow it"),
        OutcomeStatus.Invalid => ApiAnswer.Invalid(outcome.Error ?? "invalid", outcome.FieldErrors ?? new Dictionary<string, IReadOnlyList<string>>()),
        OutcomeStatus.Unavailable => ApiAnswer.Error(503, outcome.Error ?? "etcd does not answer"),
        _ => throw new InvalidOperationException($"Unknown outcome {outcome.Status}."),
    };

    /// <summary>
    /// Answers from memory, and says how fresh that is. That is asked first: an agent that hears of its endpoints in between must not call the list
    /// without them fresh.
    /// </summary>
    private async Task<ApiAnswer> RememberAsync<T>(ApiRequest request, Func<CancellationToken, Task<T>> question, Func<T, ApiAnswer> show)
    {
        (bool answered, AgentSnapshot? status) = await AskAsync(request, agent.GetStatusAsync);
        if (!answered || status is null)
        {
            return Hangs();
        }

        (answered, T? memory) = await AskAsync(request, question);
        return answered ? show(memory!) with { EtcdState = Doubt(status) } : Hangs();
    }

    private static string? Doubt(AgentSnapshot status) => status.Etcd == "ok" ? null : status.Etcd;

    private ApiAnswer Hangs() => ApiAnswer.Error(503, HangReason);
}
