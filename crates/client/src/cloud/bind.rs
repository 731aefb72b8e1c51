//! Binding printers to the account, renaming them, and letting them go.

use bambu_protocol::{
    Serial,
    cloud::{Bound, Owner, Owners, Rename, TicketState, Unbind},
};

use super::{Answer, Call, Cloud, CloudError};

const BIND: &str = "/v1/iot-service/api/user/bind";
const TICKET: &str = "/v1/user-service/my/ticket/{}";

impl Cloud {
    /// Binds a printer by the PIN on its screen and gives it a name.
    ///
    /// The seeds' `POST user/bind {device_id, device_name, bind_code}` has never been seen to work
    /// [G]; this is [`Cloud::bind_with_pin`] and [`Cloud::rename_device`], in the seeds' form. An
    /// empty name leaves the printer's own. When renaming fails, the printer is bound all the same.
    ///
    /// # Errors
    /// [`CloudError`]; [`CloudError::OtherPrinter`] when the PIN was another printer's.
    pub async fn bind_device(
        &self,
        serial: &Serial,
        name: &str,
        pin: &str,
    ) -> Result<Answer<Bound>, CloudError> {
        let bound = self.bind_with_pin(pin).await?;
        if let Some(other) = bound.serial.as_ref().filter(|bound| *bound != serial) {
            let (wanted, bound) = (serial.clone(), other.clone());
            return Err(CloudError::OtherPrinter { wanted, bound });
        }
        if !name.trim().is_empty() {
            self.rename_device(serial, name).await?;
        }
        Ok(bound)
    }

    /// Binds the printer that shows this PIN: `POST my/pincode/<PIN>` with `{pincode}`, answered by
    /// `{deviceId}`. The PIN has six characters. [L]
    ///
    /// # Errors
    /// [`CloudError`].
    pub async fn bind_with_pin(&self, pin: &str) -> Result<Answer<Bound>, CloudError> {
        let pin = pin.trim();
        let body = serde_json::json!({"pincode": pin});
        self.call(Call::post("/v1/user-service/my/pincode/{}").value(pin).json(&body)).await
    }

    /// Binds the printer that made this ticket over the LAN (port 3000): `GET my/ticket/<T>` has to
    /// say that it is valid, then `POST my/ticket/<T>` with `{ticket}`. [L]
    ///
    /// A ticket that is not valid is not used; see the answer.
    ///
    /// # Errors
    /// [`CloudError`].
    pub async fn bind_with_ticket(&self, ticket: &str) -> Result<Answer<TicketState>, CloudError> {
        let ticket = ticket.trim();
        let state: Answer<TicketState> = self.call(Call::get(TICKET).value(ticket)).await?;
        if state.is_valid == Some(true) {
            let body = serde_json::json!({"ticket": ticket});
            self.done(Call::post(TICKET).value(ticket).json(&body)).await?;
        }
        Ok(state)
    }

    /// Takes a printer out of the account: `DELETE user/bind`, with the serial number both as
    /// `?dev_id=` [D] and in the body `{dev_id, force}` [L]. `force` is for one that is away.
    ///
    /// # Errors
    /// [`CloudError`].
    pub async fn unbind_device(
        &self,
        serial: &Serial,
        force: bool,
    ) -> Result<Answer<()>, CloudError> {
        let body = Unbind { serial, force };
        self.done(Call::delete(BIND).query("dev_id", serial).json(&body)).await
    }

    /// Gives a printer a name: `PATCH user/device/info` with `{dev_id, dev_name}`. [L]
    ///
    /// # Errors
    /// [`CloudError`].
    pub async fn rename_device(
        &self,
        serial: &Serial,
        name: &str,
    ) -> Result<Answer<()>, CloudError> {
        let body = Rename { serial, name: name.trim() };
        self.done(Call::patch("/v1/iot-service/api/user/device/info").json(&body)).await
    }

    /// Whose these printers are: `GET user/bind_list?dev_ids=a,b`. [V] The live route has answered
    /// 502 whenever somebody looked, which is [`CloudError::Server`].
    ///
    /// # Errors
    /// [`CloudError`].
    pub async fn bind_list(&self, serials: &[Serial]) -> Result<Answer<Vec<Owner>>, CloudError> {
        let ids: Vec<&str> = serials.iter().map(Serial::as_str).collect();
        let call = Call::get("/v1/iot-service/api/user/bind_list").query("dev_ids", ids.join(","));
        Ok(self.call::<Owners>(call).await?.map(|body| body.owners))
    }
}
